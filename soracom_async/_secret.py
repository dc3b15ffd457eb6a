"""A value that leaves only by `.reveal()`."""

from __future__ import annotations

from typing import final

from ._core.values import plain


@final
class Secret:
    """A string that no repr, log line or traceback shows."""

    __slots__ = ("_value",)
    _value: str

    def __init__(self, value: str | Secret) -> None:
        self._value = value._value if isinstance(value, Secret) else plain(value)

    def reveal(self) -> str:
        """Return the value itself; keep it in no variable that outlives the expression."""
        return self._value

    def __repr__(self) -> str:
        return "Secret('**********')"

    __str__ = __repr__

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return self._value == other._value if isinstance(other, Secret) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._value)
