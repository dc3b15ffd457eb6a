"""How a session is opened: its settings, what they may be, and where comes what is not given."""

from __future__ import annotations

import logging
from typing import Any, TypedDict

from attrs import evolve, fields

from ._background import Background
from ._clock import Clock, SystemClock
from ._http.pool import TransportChoice, TransportPool
from ._session.session import Session
from .credentials.environment import SessionConfig, around, read_environ
from .credentials.kinds import Credentials
from .errors import ConfigurationError
from .options import ENDPOINTS, Options, checked_ttl, endpoint_of, siblings

log = logging.getLogger("soracom_async")

OPTIONS = frozenset(field.name for field in fields(Options)) - {"endpoint", "background"}
"""The settings that are options as they are; the endpoint is found out, and a session itself is in the foreground."""


class Settings(TypedDict, total=False):
    """The keywords of `Soracom`, which `from_env` and `from_profile` take as well."""

    coverage: str | None
    endpoint: str | None
    token_ttl: int | None
    language: str
    timeout: float
    max_retries: int
    wait: bool
    max_wait: float
    max_response_size: int
    insecure: bool
    max_connections: int
    transport: TransportChoice
    clock: Clock | None


def check_names(function: str, settings: Settings) -> None:
    """Raise TypeError for a keyword that is no setting."""
    for name in settings:
        if name not in Settings.__annotations__:
            from difflib import get_close_matches

            near = get_close_matches(name, Settings.__annotations__, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise TypeError(f"{function}() got an unexpected keyword argument {name!r}{hint}")


def found_for(credentials: Credentials | None, settings: Settings) -> SessionConfig | None:
    """Return what the environment, or else a profile, adds to what is given; None if nothing is looked for.

    Raises ConfigurationError if there are no credentials anywhere.
    """
    if credentials is None:
        from .credentials.profiles import discover

        return discover(coverage=settings.get("coverage"))
    return around(credentials, coverage=settings.get("coverage")) if settings.get("endpoint") is None else None


def open_session(credentials: Credentials | None, found: SessionConfig | None, settings: Settings) -> Session:
    """Return a session with these settings, and with what was found in the place of those that are not given.

    Raises ConfigurationError for what cannot work.
    """
    chosen = credentials if credentials is not None else found.credentials if found is not None else None
    if not isinstance(chosen, Credentials):
        raise ConfigurationError(
            "credentials must be AuthKey, RootUser, SamUser, SwitchUser or ApiToken, "
            f"not {type(chosen).__name__}; leave them out to use the environment or a profile"
        )
    chosen.check()
    max_connections, transport = settings.get("max_connections", 100), settings.get("transport")
    if not isinstance(max_connections, int) or max_connections < 1:
        raise ConfigurationError(f"max_connections={max_connections!r} must be 1 or more")
    if transport is not None and transport != "aiohttp" and not hasattr(transport, "handle_async_request"):
        raise ConfigurationError(f"transport must be an httpx async transport or 'aiohttp', not {transport!r}")
    address = endpoint_of(settings.get("coverage"), settings.get("endpoint"))
    ttl = settings.get("token_ttl")
    if found is not None:
        if settings.get("endpoint") is None:
            address = found.endpoint or address or endpoint_of(found.coverage, None)
        ttl = found.token_ttl if ttl is None else ttl
    given: dict[str, Any] = {name: value for name, value in settings.items() if name in OPTIONS}
    options = Options(endpoint=address or ENDPOINTS["g"], **given)
    options.check()
    transports = TransportPool(transport, max_connections, insecure=settings.get("insecure", False))
    transports.check(options.endpoint)
    return Session(
        chosen,
        ttl=checked_ttl(3600 if ttl is None else ttl),
        transports=transports,
        clock=settings.get("clock") or SystemClock(),
        max_connections=max_connections,
        headers=found.headers if found is not None else {},
        options=options,
    )


def changed(
    options: Options,
    session: Session,
    coverage: str | None,
    endpoint: str | None,
    quota_share: float | None = None,
    **given: Any,
) -> Options:
    """Return options of which some are others: those that are given and not None.

    Raises ConfigurationError for what cannot work.
    """
    changes = {name: value for name, value in given.items() if value is not None}
    if quota_share is not None:
        changes["background"] = Background(quota_share)
    address = endpoint_of(coverage, endpoint)
    if address is not None:
        if endpoint is None:
            address = read_environ().endpoint() or address
        session.check(address)
        changes["endpoint"] = address
    options = evolve(options, **changes)
    options.check()
    return options


def addresses(named: tuple[str, ...], endpoint: str) -> dict[str, str]:
    """Return the address of each coverage that a token names, for a client that uses `endpoint`.

    Raises ConfigurationError if there is none, and if an address that is not the service's own stands for several.
    """
    known = [coverage for coverage in named if coverage in ENDPOINTS]
    for coverage in named:
        if coverage not in ENDPOINTS:
            log.warning("the token names the coverage type %r, which is not known here: it is left out", coverage)
    if not known:
        raise ConfigurationError("the token names no coverage type that is known: use with_options(coverage=…)")
    own = siblings(endpoint)
    if not own and len(known) > 1:
        raise ConfigurationError(
            f"the token names the coverage types {' and '.join(known)}, and {endpoint} does not tell them apart: use "
            "with_options(endpoint=…) for each that has an address of its own, else this client alone"
        )
    return {coverage: own.get(coverage, endpoint) for coverage in known}
