"""What the extras bring, for tests that must also run without them."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

PARAMETERS = {"anyio_backend": {"trio": "trio"}, "backend": {"trio": "trio"}, "way": {"aiohttp": "httpx_aiohttp"}}
"""Which package a test needs for a value of a parameter."""


BACKENDS = ["asyncio", "trio"] if find_spec("trio") else ["asyncio"]
"""The event loops that are installed."""


def missing(*packages: str) -> list[str]:
    """Return those of these packages that are not installed."""
    return [package for package in packages if find_spec(package) is None]


def needs(*packages: str) -> pytest.MarkDecorator:
    """Skip a test, or by `pytestmark` a module, if one of these packages is not installed."""
    return pytest.mark.skipif(bool(missing(*packages)), reason=f"not installed: {', '.join(missing(*packages))}")


def can_run(item: pytest.Item) -> bool:
    """Say whether what the parameters of a test stand for is installed."""
    parameters = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    needed = (PARAMETERS[name].get(value) for name, value in parameters.items() if name in PARAMETERS)
    return not missing(*filter(None, needed))
