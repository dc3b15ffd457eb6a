"""What a prepared request carries besides: the headers that every request has, the lease's, and those of its body."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from .._core.request import Prepared
from .._core.token import Lease
from .._http.exchange import Request
from .._version import __version__
from ..options import Options

USER_AGENT = b"soracom-async/" + __version__.encode()


class Requests:
    """Makes the requests of a session; `extra` are the headers that a profile asks for."""

    def __init__(self, extra: Mapping[str, str]) -> None:
        self._extra = [(name.lower().encode(), value.encode()) for name, value in extra.items()]
        self._headers: dict[tuple[str, str], list[tuple[bytes, bytes]]] = {}

    def make(self, prepared: Prepared, options: Options, lease: Lease | None) -> Request:
        """Return the request that goes out."""
        method, content = prepared.operation.method, prepared.content
        common = self._headers.get((options.endpoint, options.language)) or self._headers_for(options)
        headers = [*common, *(lease.headers if lease else ())]
        if prepared.headers:
            names = {name for name, _ in prepared.headers}
            headers = [*(each for each in headers if each[0] not in names), *prepared.headers]
        if content is not None:
            length = len(content) if type(content) is bytes else content.length
            told = (b"transfer-encoding", b"chunked") if length is None else (b"content-length", b"%d" % length)
            headers += (b"content-type", prepared.content_type), told
        elif method in ("POST", "PUT", "PATCH"):
            headers.append((b"content-length", b"0"))
        return Request(options.endpoint, method, prepared.target, headers, content, options.max_response_size)

    def _headers_for(self, options: Options) -> list[tuple[bytes, bytes]]:
        own = [
            (b"host", urlsplit(options.endpoint).netloc.encode("idna")),
            (b"accept", b"application/json"),
            (b"accept-encoding", b"gzip"),
            (b"user-agent", USER_AGENT),
            (b"x-soracom-lang", options.language.encode()),
        ]
        ours = {name for name, _ in own} | {
            b"x-soracom-api-key",
            b"x-soracom-token",
            b"content-length",
            b"content-type",
            b"transfer-encoding",
        }
        headers = own + [(name, value) for name, value in self._extra if name not in ours]
        self._headers[options.endpoint, options.language] = headers
        return headers
