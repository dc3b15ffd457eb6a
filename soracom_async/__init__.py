"""The asyncio client library for the Soracom IoT API. Everything public is importable from here."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from . import bulk, data, files, jobs, models, tables
    from ._codec.codec import json_default, structure, unstructure
    from ._registry import operations
    from .client import Soracom
    from .credentials.kinds import (
        ApiToken,
        AuthKey,
        RootUser,
        SamUser,
        SwitchUser,
    )
    from .errors import (
        APIError,
        AuthenticationFailed,
        BadRequest,
        ConfigurationError,
        Conflict,
        DecodeError,
        Forbidden,
        NotFound,
        RateLimited,
        RequestTimeout,
        ServerError,
        SoracomError,
        TransportError,
        Unauthorized,
    )
    from .pages import Page, Pages, merge

__all__ = [
    "APIError",
    "ApiToken",
    "AuthKey",
    "AuthenticationFailed",
    "BadRequest",
    "ConfigurationError",
    "Conflict",
    "DecodeError",
    "Forbidden",
    "NotFound",
    "Page",
    "Pages",
    "RateLimited",
    "RequestTimeout",
    "RootUser",
    "SamUser",
    "ServerError",
    "Soracom",
    "SoracomError",
    "SwitchUser",
    "TransportError",
    "Unauthorized",
    "__version__",
    "bulk",
    "data",
    "files",
    "jobs",
    "json_default",
    "merge",
    "models",
    "operations",
    "structure",
    "tables",
    "unstructure",
]

_MODULES = ("bulk", "data", "files", "jobs", "models", "tables")
_ELSEWHERE = {
    "Soracom": "client",
    "Page": "pages",
    "Pages": "pages",
    "merge": "pages",
    "operations": "_registry",
    "json_default": "_codec.codec",
    "structure": "_codec.codec",
    "unstructure": "_codec.codec",
    **dict.fromkeys(["ApiToken", "AuthKey", "RootUser", "SamUser", "SwitchUser"], "credentials"),
}
"""Where public names live that are not errors; each module is imported when a name of it is first used."""


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f".{name}", __name__)
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_ELSEWHERE.get(name, 'errors')}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
