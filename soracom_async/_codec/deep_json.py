"""JSON that is nested deeper than Python recurses: read with a list of what is open, where `json` calls itself."""

from __future__ import annotations

import json
import re
from typing import Any

DEEPEST = 1024
"""How deep objects and arrays may lie in each other: as deep as orjson reads them."""

_SPACE = re.compile(r"[ \t\n\r]*")
_END: dict[type[Any], str] = {list: "]", dict: "}"}


def loads(text: str) -> Any:
    """Return the JSON in `text`, as `json.loads` reads it; raises ValueError if it is none, or is nested too deep."""
    try:
        return _Reader(text).value()
    except (StopIteration, IndexError):
        raise ValueError("it is not JSON") from None


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._scan: Any = json.JSONDecoder().scan_once  # type: ignore[attr-defined]  # typeshed does not know it
        self._at = 0
        self._open: list[Any] = []
        """The arrays and objects that have not ended."""
        self._names: list[str] = []
        """The names, in the open objects, of the values that are read."""

    def value(self) -> Any:
        """Return the value that the text is."""
        while True:
            begun = self._begin()
            if begun is None:
                continue
            (whole,) = begun
            while self._open:
                holder = self._open[-1]
                if type(holder) is dict:
                    holder[self._names.pop()] = whole
                else:
                    holder.append(whole)
                if self._next() == ",":
                    self._at += 1
                    if type(holder) is dict:
                        self._name()
                    break
                self._take(_END[type(holder)])
                whole = self._open.pop()
            else:
                if self._skip() != len(self._text):
                    raise ValueError("something stands behind the JSON")
                return whole

    def _begin(self) -> tuple[Any] | None:
        """Return the whole value that is next; None if it is an array or object that holds something."""
        mark = self._next()
        if mark not in "[{":
            found, self._at = self._scan(self._text, self._at)
            return (found,)
        self._at += 1
        made: Any = [] if mark == "[" else {}
        if self._next() == _END[type(made)]:
            self._at += 1
            return (made,)
        self._open.append(made)
        if len(self._open) > DEEPEST:
            raise ValueError("it is nested too deep")
        if type(made) is dict:
            self._name()
        return None

    def _name(self) -> None:
        if self._next() != '"':
            raise ValueError("a name must be a string")
        name, self._at = self._scan(self._text, self._at)
        self._names.append(name)
        self._take(":")

    def _take(self, mark: str) -> None:
        if self._next() != mark:
            raise ValueError(f"{mark!r} is missing")
        self._at += 1

    def _next(self) -> str:
        return self._text[self._skip()]

    def _skip(self) -> int:
        space = _SPACE.match(self._text, self._at)
        assert space is not None  # noqa: S101 - it matches nothing, too
        self._at = space.end()
        return self._at
