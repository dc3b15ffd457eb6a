from __future__ import annotations

import pytest
from imports import loaded_after, of_api

import soracom_async

HEAVY = ("httpx", "httpcore", "cattrs", "jwt", "aiohttp", "starlette", "uvicorn", "rich", "trio")


def test_the_import_loads_nothing_heavy():
    """`import soracom_async` alone: no module of the API, no HTTP library, no converter, no JWT."""
    modules = loaded_after("import soracom_async")
    assert of_api(modules) == set()
    assert modules.isdisjoint(HEAVY)
    assert "anyio" not in modules


OPENING = """
import asyncio, soracom_async
from soracom_async import AuthKey, NotFound, Soracom
async def main():
    async with Soracom(AuthKey("keyId-1", "secret-1")) as soracom:
        soracom.with_options(timeout=5)
        repr(soracom)
asyncio.run(main())
"""


def test_opening_a_session_loads_no_module_of_the_api():
    """Opened and closed unused, a session has loaded no operation, no model, no converter and no HTTP library."""
    modules = loaded_after(OPENING)
    assert of_api(modules) <= {"soracom_async.api", "soracom_async.api._groups"}  # the names of the groups
    assert modules.isdisjoint(HEAVY)


def test_a_group_loads_its_own_module_only():
    """The first use of `soracom.groups` loads the groups, not the SIMs."""
    modules = of_api(loaded_after(OPENING + "soracom_async.Soracom(AuthKey('k', 's')).groups"))
    assert "soracom_async.api.group" in modules
    assert modules.isdisjoint({"soracom_async.api.sim", "soracom_async.api.subscriber", "soracom_async.api.operator"})


def test_every_public_name_resolves():
    """Each name of `__all__` is there, `dir` shows them, others are AttributeErrors, and `import *` works."""
    for name in soracom_async.__all__:
        assert getattr(soracom_async, name) is not None
    assert dir(soracom_async) == sorted(soracom_async.__all__)
    with pytest.raises(AttributeError, match="nothing"):
        _ = soracom_async.nothing
    scope: dict[str, object] = {}
    exec("from soracom_async import *", scope)
    assert set(soracom_async.__all__) <= set(scope)
    contract = [
        "Soracom",
        "AuthKey",
        "RootUser",
        "SamUser",
        "SwitchUser",
        "ApiToken",
        "Pages",
        "Page",
        "bulk",
        "structure",
        "unstructure",
        "SoracomError",
        "APIError",
        "BadRequest",
        "Unauthorized",
        "Forbidden",
        "NotFound",
        "Conflict",
        "RateLimited",
        "ServerError",
        "AuthenticationFailed",
        "TransportError",
        "RequestTimeout",
        "DecodeError",
        "ConfigurationError",
    ]
    assert set(contract) <= set(soracom_async.__all__)
