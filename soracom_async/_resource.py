"""What the generated groups of methods are built on: two ways to call, each handed in by the client.

`operation_of` finds the operation behind a method.
"""

from __future__ import annotations

import inspect
from collections.abc import Coroutine
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, overload

if TYPE_CHECKING:
    from ._core.operation import Operation
    from .pages import Pages

G = TypeVar("G", bound="Resource")
R = TypeVar("R")
T = TypeVar("T")


class Caller(Protocol):
    """What a group needs of its client."""

    def _call(self, operation: Operation[R], /, **arguments: Any) -> Coroutine[Any, Any, R]: ...
    def _pages(self, operation: Operation[list[T]], /, **arguments: Any) -> Pages[T]: ...


class Resource:
    """A group of methods, named as in the official command line."""

    __slots__ = ("_call", "_caller", "_pages")

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._call = caller._call
        self._pages = caller._pages


class Inner(Generic[G]):
    """A group of methods within another: `soracom.operator.auth_keys`."""

    def __init__(self, kind: type[G]) -> None:
        self._kind = kind

    @overload
    def __get__(self, outer: None, owner: type[Resource]) -> type[G]: ...
    @overload
    def __get__(self, outer: Resource, owner: type[Resource]) -> G: ...
    def __get__(self, outer: Resource | None, owner: type[Resource]) -> G | type[G]:
        return self._kind if outer is None else self._kind(outer._caller)


class Group(Generic[G]):
    """A group of methods of a client: `soracom.sims`. Its module of the API is imported at the first use.

    The class shows it as well, without a client: for completion, `inspect` and `create_autospec(Soracom)`.
    """

    def __init__(self, module: str, class_name: str) -> None:
        self._module = module
        self._class_name = class_name

    def __set_name__(self, owner: type[object], name: str) -> None:
        self._name = name

    def __get__(self, client: Any, owner: type[object]) -> G:
        kind: type[G] = getattr(import_module(f"{__package__}.api.{self._module}"), self._class_name)
        if client is None:
            return kind(_NOBODY)
        group = client.__dict__[self._name] = kind(client)  # the next look-up finds it there
        return group


class _Nobody:
    """The client of a group that was looked up on the class."""

    def _call(self, operation: Operation[R], /, **arguments: Any) -> Coroutine[Any, Any, R]:
        raise TypeError(f"{operation.id} needs a session: call it on a Soracom that was opened, not on the class")

    def _pages(self, operation: Operation[list[T]], /, **arguments: Any) -> Pages[T]:
        raise TypeError(f"{operation.id} needs a session: call it on a Soracom that was opened, not on the class")


_NOBODY = _Nobody()


class _Recorder:
    """A client that sends nothing: it notes what a method would call."""

    operation: Operation[Any]
    pages = False

    def _call(self, operation: Operation[Any], /, **arguments: Any) -> Coroutine[Any, Any, Any]:
        self.operation = operation
        return _nothing()

    def _pages(self, operation: Operation[Any], /, **arguments: Any) -> Any:
        self.operation, self.pages = operation, True


async def _nothing() -> None:
    """Do nothing."""


def operation_of(method: Any) -> tuple[Operation[Any], bool]:
    """Return the operation that a bound method of a group calls, and whether it is a listing; nothing is sent."""
    recorder: Any = _Recorder()
    plain = inspect.unwrap(method.__func__)  # without the warning of one that is deprecated
    names = list(inspect.signature(plain).parameters)[1:]
    call = plain(type(method.__self__)(recorder), **dict.fromkeys(names))
    if inspect.iscoroutine(call):
        try:
            call.send(None)  # the recorder does not wait, so the method ends at once
        except StopIteration:
            pass
        finally:
            call.close()
    return recorder.operation, recorder.pages
