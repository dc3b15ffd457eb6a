"""The words of the official command line, walked over the groups of methods: `sims set-group`, `vpg gate open`."""

from __future__ import annotations

from difflib import get_close_matches
from functools import reduce
from types import MethodType
from typing import TYPE_CHECKING, Any

from attrs import frozen

from .._resource import Resource
from ..api._groups import Groups
from ..client import Soracom
from ..errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

LISTING = "list"
"""The method that is meant where a listing is asked for, and only its group is named."""


@frozen
class Method:
    """A method of a client, by its names in Python: `("sims", "set_group")`."""

    names: tuple[str, ...]

    def of(self, soracom: Soracom) -> Callable[..., Any]:
        """Return the method itself."""
        found: Any = reduce(getattr, self.names, soracom)
        method: Callable[..., Any] = MethodType(type(found).__call__, found) if isinstance(found, Resource) else found
        return method

    @property
    def listing(self) -> Method:
        """The listing of the same group."""
        return found([*self.names[:-1], LISTING])

    def __str__(self) -> str:
        return " ".join(self.names).replace("_", "-")


def found(words: Sequence[str], *, listing: bool = False) -> Method:
    """Return the method that the words name; with `listing`, a group alone means its `list`.

    Raises ConfigurationError for a word that is none, and names those that are near.
    """
    names: list[str] = []
    here: Any = None
    for word in words:
        name = word.replace("-", "_")
        inside = dict(_inside(here))
        if name not in inside:
            raise ConfigurationError(_unknown(word, names, list(inside)))
        here = inside[name]
        names.append(name)
    if listing and isinstance(here, Resource) and LISTING in dict(_inside(here)):
        names.append(LISTING)
    elif not callable(here):
        raise ConfigurationError(f"{_said(names)!r} is a group: name one of {_several(dict(_inside(here)))} in it")
    return Method(tuple(names))


def _inside(here: Any) -> Iterator[tuple[str, Any]]:
    """Give what a group has: methods and further groups. None is the client, a method has nothing."""
    if here is None:
        for name in vars(Groups):
            if not name.startswith("_"):
                yield name, getattr(Soracom, name)
    elif isinstance(here, Resource):
        for name in dir(type(here)):
            if not name.startswith("_"):
                yield name, getattr(here, name)


def _unknown(word: str, names: list[str], inside: list[str]) -> str:
    if not inside:
        return f"{_said(names)!r} takes no further word: {word!r}"
    where = f"{_said(names)!r} has no {word!r}" if names else f"there is no group {word!r}"
    near = get_close_matches(word.replace("-", "_"), inside, n=3)
    return f"{where}; close to it: {_several(near)}" if near else f"{where}; it has {_several(inside)}"


def _said(names: list[str]) -> str:
    return " ".join(names).replace("_", "-")


def _several(names: Any) -> str:
    return ", ".join(name.replace("_", "-") for name in names)
