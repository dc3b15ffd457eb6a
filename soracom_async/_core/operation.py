"""An operation of the API as data. Knows names, paths, effects and types; must not know how anything is sent."""

from __future__ import annotations

import enum
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from attrs import field, frozen

R = TypeVar("R")


class Effect(enum.Enum):
    """What a repetition of an operation would do; retries are decided by it."""

    READ = "read"
    """Changes nothing: may be repeated."""
    SET = "set"
    """Sets a state that is the same after one execution or two: may be repeated."""
    ACT = "act"
    """Acts again each time: repeated only if it was certainly not executed."""


@frozen(slots=True)
class Parameter:
    """A path, query or header parameter."""

    name: str
    """The name in Python: snake_case, with `_` behind a keyword (`from_`)."""
    type: Any = str
    """The Python type; a time is one of the `Annotated` types of `soracom_async._codec.times`."""
    wire: str = field(default="", kw_only=True)
    """The name on the wire; the Python name if nothing is given."""
    required: bool = field(default=False, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if not self.wire:
            object.__setattr__(self, "wire", self.name)


@frozen(slots=True)
class Paging:
    """How an answer is paged: the query parameter that resumes it, and where its items are."""

    parameter: str = "last_evaluated_key"
    items: dict[str, Any] = field(factory=dict)
    """The properties with the items and their types, if the answer is an object; empty if it is an array."""


ARRAY = Paging()
"""A page is a JSON array."""

LAST_EVALUATED_KEY = Parameter("last_evaluated_key")
"""The parameter that resumes a paged listing."""


@frozen(slots=True, eq=False)
class Operation(Generic[R]):
    """One operation of the API: everything that the client, the emulator and the command line know of it."""

    id: str
    """The operationId: `getSim`."""
    method: str
    path: str
    """The path template without `/v1`: `/sims/{sim_id}`; the braces hold Python names."""
    group: str
    """The tag, which is the quota group: `Sim`."""
    effect: Effect
    result: type[R] | None = None
    """What an answer becomes: a model, `list[Model]`, or None for no content."""
    cli: tuple[str, ...] = field(default=(), kw_only=True)
    """The words of the command line: `sims get`."""
    path_types: dict[str, Any] = field(factory=dict, kw_only=True)
    """The types of path parameters that are not plain strings."""
    query: tuple[Parameter, ...] = field(default=(), kw_only=True)
    headers: tuple[Parameter, ...] = field(default=(), kw_only=True)
    body: Any = field(default=None, kw_only=True)
    """A model, whose fields are the arguments, or a type such as `list[TagUpdateRequest]`, then one argument."""
    body_name: str = field(default="body", kw_only=True)
    """The argument that holds the body whole."""
    required: tuple[str, ...] | None = field(default=None, kw_only=True)
    """The fields that a body must have, if they are others than those that its model cannot do without."""
    sends: str = field(default="application/json", kw_only=True)
    """The content type of the body; what is not JSON is sent as it is, from bytes, text, a file or a stream."""
    receives: str = field(default="application/json", kw_only=True)
    """The content type of the answer; anything but JSON is the result as bytes."""
    status: int = field(default=200, kw_only=True)
    """The status of success."""
    empty: tuple[int, ...] = field(default=(), kw_only=True)
    """Other statuses of success, without a body: the result is None then."""
    paging: Paging | None = field(default=None, kw_only=True)
    secured: bool = field(default=True, kw_only=True)
    """Whether key and token are sent. Those that carry none draw on the caller's address instead of the group."""
    deprecated: bool = field(default=False, kw_only=True)

    @property
    def sends_json(self) -> bool:
        """Whether the body is JSON: the service also wants bytes under that content type."""
        return self.sends == "application/json" and self.body is not bytes

    @property
    def reference(self) -> str:
        """The operation's address in the official reference."""
        return reference(self.group, self.id)

    def __str__(self) -> str:
        return f"{self.id} ({self.method} {self.path})"


def reference(tag: str, operation_id: str) -> str:
    """Return the address of an operation in the official reference."""
    return f"https://developers.soracom.io/en/api/#!/{quote(tag)}/{operation_id}"
