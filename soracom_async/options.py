"""What can be chosen for a session or a single call, with the defaults."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from attrs import frozen

from ._background import Background
from .errors import ConfigurationError

ENDPOINTS = {"g": "https://g.api.soracom.io", "jp": "https://api.soracom.io"}
"""The API of each coverage, without `/v1`. Guide: Coverage Types and API Endpoints."""

SANDBOX_ENDPOINTS = {"g": "https://g.api-sandbox.soracom.io", "jp": "https://api-sandbox.soracom.io"}
"""The API Sandbox of each coverage."""

ALIASES = {"https://jp.api.soracom.io": ENDPOINTS["jp"]}
"""Further addresses of the same."""

TOKEN_TTL = range(180, 172_801)
"""The times to live, in seconds, that the API accepts for a token. Guide: Token Timeout."""

MAX_RESPONSE_SIZE = 64 * 1024 * 1024
"""Bytes that the body of an answer may have which is read whole, unless something else is chosen."""

LANGUAGES = ("en", "ja")
"""The languages of error messages. Guide: Error Messages."""


@frozen(kw_only=True)
class Options:
    """How calls are made; `with_options` changes them for some calls, the session stays the same."""

    endpoint: str = ENDPOINTS["g"]
    """The API's address, without `/v1`."""
    language: str = "en"
    """The language of error messages, `en` or `ja`."""
    timeout: float = 60.0
    """Seconds for one attempt, from the first byte sent to the last byte read; for each chunk of a file or stream.

    Waiting for quota is not counted.
    """
    max_retries: int = 5
    """How often a call may be repeated after a failure."""
    wait: bool = True
    """Whether to wait for quota; if not, a call that would have to raises RateLimited at once."""
    max_wait: float = 120.0
    """The longest wait, in seconds, that one answer may ask for, by `Retry-After` or as a 429; more fails the call.

    The turn in the queue for quota is waited for in any case.
    """
    max_response_size: int = MAX_RESPONSE_SIZE
    """Bytes that an answer which is read whole may have, decoded; those of streams and downloads have no bound.

    A larger one raises TransportError and is not asked for again.
    """
    background: Background | None = None
    """The background work that the calls are a part of; None if the task that makes a call decides."""

    def check(self) -> None:
        """Raise ConfigurationError for a value that cannot work."""
        if self.language not in LANGUAGES:
            raise ConfigurationError(f"language={self.language!r} is not known: use 'en' or 'ja'")
        if not isinstance(self.timeout, int | float) or not self.timeout > 0:
            raise ConfigurationError(f"timeout={self.timeout!r} must be a positive number of seconds")
        if not isinstance(self.max_retries, int) or self.max_retries < 0:
            raise ConfigurationError(f"max_retries={self.max_retries!r} must be 0 or more")
        if not isinstance(self.max_wait, int | float) or not self.max_wait >= 0:
            raise ConfigurationError(f"max_wait={self.max_wait!r} must be a number of seconds, 0 or more")
        size = self.max_response_size
        if not isinstance(size, int) or isinstance(size, bool) or size < 1:
            raise ConfigurationError(f"max_response_size={size!r} must be 1 byte or more")


_ENDPOINT = re.compile(
    r"https?://([A-Za-z0-9_~-]{1,63}(\.[A-Za-z0-9_~-]{1,63})*|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?"
)


def endpoint_of(coverage: str | None, endpoint: str | None) -> str | None:
    """Return the address that `endpoint`, or else `coverage`, means; None if neither is given.

    Raises ConfigurationError for an unknown coverage or an address that is none.
    """
    if endpoint is not None:
        return checked_endpoint(endpoint)
    if coverage is None:
        return None
    try:
        return ENDPOINTS[coverage]
    except (KeyError, TypeError):
        raise ConfigurationError(f"coverage={coverage!r} is not known: use 'g' (global) or 'jp' (Japan)") from None


def siblings(endpoint: str) -> dict[str, str]:
    """Return the address of each coverage for who uses `endpoint`; empty if that is none of the service's own."""
    endpoint = ALIASES.get(endpoint, endpoint)
    return next((each for each in (ENDPOINTS, SANDBOX_ENDPOINTS) if endpoint in each.values()), {})


def checked_endpoint(endpoint: str) -> str:
    """Return `endpoint` without a trailing slash or `/v1`.

    Raises ConfigurationError if it is not the http or https address of a host.
    """
    if not isinstance(endpoint, str) or not _ENDPOINT.fullmatch(endpoint) or not _names_host(endpoint):
        # The address itself is not shown: it may hold a password.
        del endpoint
        raise ConfigurationError(
            "endpoint must be an address such as 'https://g.api.soracom.io', without user, query or fragment"
        )
    return endpoint.rstrip("/").removesuffix("/v1").rstrip("/")


def _names_host(endpoint: str) -> bool:
    try:
        urlsplit(endpoint).port  # noqa: B018 - raises for one out of range, and urlsplit for an address that is none
    except ValueError:
        return False
    return True


def checked_ttl(token_ttl: int) -> int:
    """Return `token_ttl`; raises ConfigurationError if the API would refuse it."""
    if isinstance(token_ttl, bool) or not isinstance(token_ttl, int) or token_ttl not in TOKEN_TTL:
        raise ConfigurationError(
            f"token_ttl={token_ttl!r} is out of range: the API takes {TOKEN_TTL[0]} to {TOKEN_TTL[-1]} whole seconds"
        )
    return token_ttl
