"""The models of the API and the words of its enums, by name: `from soracom_async.models import Sim, SpeedClass`.

Each is imported when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api._models import *  # noqa: F403 - generated, each with its own name
else:

    def __getattr__(name: str) -> Any:
        from .api._models import _MODULES

        if name == "__all__":
            return sorted(_MODULES)
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f".api.{_MODULES[name]}", __package__), name)

    def __dir__() -> list[str]:
        from .api._models import _MODULES

        return sorted(_MODULES)
