"""The control API below `/_emulator`: a status page for people, and the same as JSON."""

from __future__ import annotations

import importlib.resources
import ipaddress
from collections.abc import Callable
from typing import Any, Protocol

from ...errors import ConfigurationError
from ..domain import signing
from ..protocol.messages import (
    Request,
    Response,
    decode,
    encode,
)
from ..service.fault_kinds import KINDS
from ..service.faults import Fault
from .status import Observed, time, view

ROOT = "/_emulator"
_JSON = "application/json"
_GUARDS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class Wrong(Exception):
    """A request that cannot be carried out: the status, and why."""


class Controlled(Observed, Protocol):
    """An emulator that the control API can change."""

    @property
    def host(self) -> str:
        """The host that it serves on."""
        ...

    def advance(self, seconds: float) -> None:
        """Move the time forward."""
        ...

    def reset(self) -> None:
        """Go back to the state that the emulator was created or loaded with."""
        ...


class Control:
    """Answers the requests below `/_emulator`."""

    def __init__(self, emulator: Controlled) -> None:
        self._emulator = emulator
        self._routes: dict[str, dict[str, Callable[[Any], Any]]] = {
            "/state": {"GET": lambda _: view(emulator)},
            "/faults": {"GET": self._faults, "POST": self._add_fault, "DELETE": self._clear_faults},
            "/keys": {"GET": lambda _: signing.keys()},
            "/time": {"GET": lambda _: time(emulator), "POST": self._advance},
            "/reset": {"POST": self._reset},
            "/openapi.json": {"GET": self._document},
        }

    def answer(self, request: Request) -> Response:
        """Answer a request, unless a page of another site made the browser send it."""
        try:
            if not request.inside:
                self._check_origin(request)
            if request.path.rstrip("/") == ROOT and request.method in ("GET", "HEAD"):
                return Response(200, {"content-type": "text/html; charset=utf-8"} | _GUARDS, _page())
            return Response(200, {"content-type": _JSON} | _GUARDS, encode(self._act(request)))
        except Wrong as wrong:
            status, message = wrong.args
        except ConfigurationError as error:
            status, message = 400, str(error)
        return Response(status, {"content-type": _JSON} | _GUARDS, encode({"message": message}))

    def _act(self, request: Request) -> Any:
        path = request.path.removeprefix(ROOT)
        if path.startswith("/faults/") and request.method == "DELETE":
            return self._remove_fault(path.removeprefix("/faults/"))
        if path not in self._routes:
            raise Wrong(404, f"there is no {request.path}; there are {', '.join(ROOT + each for each in self._routes)}")
        act = self._routes[path].get(request.method)
        if act is None:
            raise Wrong(405, f"{request.method} is not possible here; {', '.join(self._routes[path])} is")
        if request.method != "POST":
            return act(None)
        # A form of another site cannot send this type without a preflight request, which is not answered.
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _JSON:
            raise Wrong(415, f"send it as {_JSON}")
        try:
            body = decode(request.body) if request.body else {}
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise Wrong(400, "the body is no JSON object")
        return act(body)

    def _check_origin(self, request: Request) -> None:
        """Refuse requests with a foreign Host name, and changes that pages of other sites ask for."""
        host = request.headers.get("host", "")
        if not _is_ours(host, self._emulator.host):
            raise Wrong(403, f"this emulator is not called {host!r}: use its address, or localhost")
        if request.method not in ("GET", "HEAD"):
            origin = request.headers.get("origin")
            elsewhere = origin is not None and origin.partition("://")[2] != host
            if elsewhere or request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
                raise Wrong(403, "a page of another site has no business here")

    def _faults(self, _: Any) -> Any:
        faults = self._emulator.faults
        kinds = {name: {"text": kind.text, "details": kind.details} for name, kind in KINDS.items()}
        return {"faults": faults.view(), "kinds": kinds, "operations": sorted(faults.names)}

    def _add_fault(self, body: Any) -> Any:
        fault = self._emulator.faults.add(Fault.of(body))
        return next(each for each in self._emulator.faults.view() if each["id"] == fault.id)

    def _remove_fault(self, number: str) -> Any:
        if not (number.isdecimal() and self._emulator.faults.remove(int(number))):
            raise Wrong(404, f"there is no fault {number}")
        return {}

    def _clear_faults(self, _: Any) -> Any:
        self._emulator.faults.clear()
        return {}

    def _advance(self, body: Any) -> Any:
        seconds = body.get("advance")
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 <= seconds < float("inf"):
            raise Wrong(400, "advance is no number of seconds, 0 or more")
        try:
            self._emulator.advance(seconds)
        except ValueError as error:
            raise Wrong(400, str(error)) from None
        return time(self._emulator)

    def _reset(self, _: Any) -> Any:
        self._emulator.reset()
        return {}

    def _document(self, _: Any) -> Any:
        from .openapi import document

        return document(self._emulator.service.operations)


def _page() -> bytes:
    try:
        return importlib.resources.files(__name__.rpartition(".")[0]).joinpath("page.html").read_bytes()
    except OSError:
        hint = "freeze the program with --collect-data soracom_async"
        raise Wrong(501, f"page.html is missing from soracom_async: {hint}") from None


def _is_ours(host: str, own: str) -> bool:
    """Tell whether a Host header can only mean this machine. The owner of a domain can point it at any address."""
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return "." not in name or name.endswith(".localhost") or name == own
    return True
