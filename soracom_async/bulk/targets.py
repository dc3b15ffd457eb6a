"""What a run calls for each key: an operation of the API, found behind its method, or the caller's own function."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from functools import partial
from typing import Any, NamedTuple, Protocol, cast

from .._clock import Clock, SystemClock
from .._codec.codec import CODEC
from .._codec.model import Model
from .._codec.shown import HIDDEN, is_secret
from .._core.operation import Effect, Operation
from .._core.quoting import BadArgument
from .._core.request import BODY, plan
from .._resource import Resource, operation_of
from ..errors import ConfigurationError
from ..options import Options
from .arguments import (
    check_sendable,
    checked,
    identifier,
    naming,
    own_name,
    passes,
    place_of,
    short,
    shown,
    text_of,
    told,
    wired,
)
from .claims import Identity
from .methods import Collecting, nothing, types_of, unpacked, wire_names

OPERATOR = "operator_id"
"""The argument that the session fills in."""


class Session(Protocol):
    """What a run needs of a session."""

    clock: Clock

    def enter(self) -> None:
        """Raise ConfigurationError if the session is closed, or belongs to another event loop."""
        ...


class Client(Protocol):
    """What a run needs of a client."""

    _session: Session
    _options: Options

    def operator_id(self) -> Coroutine[Any, Any, str]:
        """Return the operator that the session is logged in as."""
        ...


class Bound(NamedTuple):
    """The call for one key."""

    text: str
    """What the key is told apart by: itself, if it is a single text; else canonical JSON of its arguments by name."""
    arguments: Mapping[str, Any]
    """The arguments by name that make up the key."""
    call: Callable[[], Awaitable[Any]]
    """Makes the call."""
    error: Exception | None = None
    """Why there is nothing to be called."""

    def __repr__(self) -> str:
        return f"Bound({self.text!r})"


class Target:
    """An operation, whose arguments are those of a key and some that are fixed for all keys."""

    name: str
    """The operationId, or the name that the caller gave; empty if there is none: then no key has an identity."""
    effect: Effect
    fixed: Mapping[str, Any]
    """The arguments that are the same for all keys, by name."""
    parameters: Mapping[str, Any]
    """The types of all arguments by their names."""
    required: frozenset[str]
    """The arguments that each key must have, those that are fixed left out."""
    parameter: str
    """The argument that a key is if it is a single value: the first of the path that is not fixed; empty if none is."""
    caller: Client | None
    """The client whose method it is."""

    @staticmethod
    def of(function: Callable[..., Any], *, name: str | None = None, repeatable: bool = False) -> Target:
        """Return what `function` calls.

        `name` and `repeatable` are for the caller's own function: what its journal calls it, and whether a call may be
        repeated that may have been executed. Raises ConfigurationError for arguments that every key would fail by.
        """
        if not callable(function):
            raise ConfigurationError(f"bulk.run needs a function to call for each key, not {type(function).__name__}")
        inner, positional, keywords = unpacked(function)
        group = getattr(inner, "__self__", None)
        if not isinstance(group, Resource):
            return OwnFunction(function, name or "", repeatable, {**dict(enumerate(positional)), **keywords})
        if name is not None or repeatable:
            raise ConfigurationError("name= and repeatable= are for a function of your own: an operation knows both")
        return Method(function, inner, group, positional, keywords)

    @property
    def operation(self) -> Operation[Any] | None:
        """The operation; None for a function of the caller's own."""
        return None

    @property
    def clock(self) -> Clock:
        """The clock that the calls go by."""
        return SystemClock() if self.caller is None else self.caller._session.clock

    @property
    def repeatable(self) -> bool:
        """Whether a call may be repeated that may have been executed."""
        return self.effect is not Effect.ACT

    @property
    def usable(self) -> bool:
        """Whether calls can be made at all: the session is open, and belongs here."""
        try:
            if self.caller is not None:
                self.caller._session.enter()
        except ConfigurationError:
            return False
        return True

    def bind(self, key: Any) -> Bound:
        """Return the call for a key; one that cannot be called has an error, and a text all the same."""
        raise NotImplementedError

    def refused(self, key: Any, error: Exception) -> Bound:
        """Return a call that cannot be made: `error` says why."""
        arguments = {"#key": told(key)}
        return Bound(text_of(arguments, self.parameter), {}, nothing, error)

    async def identity(self) -> Identity:
        """Return what a journal of this belongs to, logging in if need be; raises AuthenticationFailed."""
        operator = "" if self.caller is None else await self.caller.operator_id()
        return Identity(self.name, self._fixed_as_json(), operator, self.repeatable, self.parameter)

    def _fixed_as_json(self) -> dict[str, Any]:
        sent = {str(name): wired(value, self.parameters.get(name, Any)) for name, value in self.fixed.items()}
        return shown(sent)


class OwnFunction(Target):
    """A function of the caller's own, which is called with the key as it is."""

    def __init__(
        self, function: Callable[[Any], Awaitable[Any]], name: str, repeatable: bool, fixed: Mapping[Any, Any]
    ) -> None:
        self.caller: Client | None = None
        self.name: str = name
        self.effect: Effect = Effect.SET if repeatable else Effect.ACT
        self.fixed: Mapping[str, Any] = fixed
        self.parameter: str = "key"
        self.parameters: Mapping[str, Any] = {}
        self.required: frozenset[str] = frozenset()
        self.function = function

    def bind(self, key: Any) -> Bound:
        """Return the call for a key; a model is told apart by its identifier, since all else of it changes."""
        given = {self.parameter: key}
        if isinstance(key, Mapping):
            given = {str(name): value for name, value in key.items()}
        elif isinstance(key, Model) and (name := own_name(type(key))) and getattr(key, name) is not None:
            given = {name: getattr(key, name)}
        arguments = {name: value if type(value) is str else wired(value, Any) for name, value in given.items()}
        if any(passes(value, arguments[name]) for name, value in given.items()):
            why = "it looks different in each process, so no journal knows it again: say what names it, by key="
            return self.refused(key, ConfigurationError(f"key {short(key)}: {why}"))
        return Bound(text_of(arguments, self.parameter), arguments, partial(self.function, key))


class Method(Target):
    """A method of a group, such as `soracom.sims.suspend`."""

    def __init__(
        self,
        function: Callable[..., Any],
        inner: Callable[..., Any],
        group: Resource,
        positional: tuple[Any, ...],
        keywords: Mapping[str, Any],
    ) -> None:
        caller: Any = group._caller
        if not hasattr(caller, "_session"):
            raise ConfigurationError("this method has no session: take it from a Soracom that was opened")
        self.caller: Client | None = cast(Client, caller)
        self._operation, pages = operation_of(inner)
        self.name: str = self._operation.id
        self.effect: Effect = self._operation.effect
        signature = inspect.signature(inner)
        self.fixed: Mapping[str, Any] = self._bound(signature, positional, keywords)
        it = plan(self._operation, CODEC)
        self.parameters: Mapping[str, Any] = types_of(self._operation, signature.parameters)
        whole = self.fixed.keys() & {BODY, self._operation.body_name}
        needed = set(it.required) - (it.body.keys() if whole else set())
        needed -= {OPERATOR} & {p.name for p in it.path}
        self.required: frozenset[str] = frozenset(needed - self.fixed.keys())
        in_path = [p.name for p in it.path if p.name not in self.fixed]
        self._in_path = [name for name in in_path if name != OPERATOR] or in_path
        self.parameter: str = self._in_path[0] if self._in_path else ""
        self._body = {*it.body, self._operation.body_name}
        kind = self.parameters.get(self.parameter)
        self._plain = kind is str and self.required <= {self.parameter} and not is_secret(self.parameter)
        self._call: Callable[..., Awaitable[Any]] = Collecting(function) if pages else function
        self._check_fixed()

    @property
    def operation(self) -> Operation[Any]:
        """The operation."""
        return self._operation

    def bind(self, key: Any) -> Bound:
        """Return the call for a key: a text, a mapping of arguments by name, or a model that has an identifier."""
        if type(key) is str and self._plain and key[:1] != "{":
            return Bound(key, {self.parameter: key}, partial(self._call, key))
        given: dict[str, Any] = {}
        try:
            given = self._given(key)
            arguments = {
                name: checked(name, value, self.parameters[name])
                for name, value in given.items()
                if value is not None and self._takes(name)
            }
            for name in sorted(self.required - arguments.keys()):
                if name not in self._body or not {BODY, self._operation.body_name} & arguments.keys():
                    raise BadArgument(f"{self.name} needs the argument {name!r}")
        except BadArgument as error:
            given = {n: HIDDEN if self._means_secret(n) else wired(value, Any) for n, value in given.items()}
            said = short(given if isinstance(key, Mapping) else key)
            if is_secret(self.parameter) and not isinstance(key, Mapping):
                said = HIDDEN
            given = given or {"#key": repr(key)}
            problem = ConfigurationError(f"key {said}{place_of(key)}: {error}")
            return Bound(text_of(given, self.parameter), shown(given), nothing, problem)
        sent = {name: wired(value, self.parameters[name]) for name, value in arguments.items()}
        return Bound(text_of(sent, self.parameter), shown(sent), partial(self._call, **arguments))

    def check_names(self, names: Any, place: str) -> None:
        """Raise ConfigurationError if names, such as a file's columns, are not those of this call's arguments."""
        for name in names:
            if name in self.fixed:
                raise ConfigurationError(f"{place}: {name!r} is given for all keys already: leave one of them out")
            if name not in self.parameters:
                hint = "a column that is no argument needs a # before its name"
                if name.isdecimal():  # a file of bare IDs
                    hint = "the first line must name the arguments"
                raise ConfigurationError(f"{place}: {self._unknown(name)}; {hint}")
        missing = self.required - set(names)
        if missing and not {BODY, self._operation.body_name} & set(names):
            raise ConfigurationError(
                f"{place}: {self.name} needs the argument {min(missing)!r}: give it for each key, "
                f"or for all keys by functools.partial"
            )

    def check_single(self, place: str, *, by_model: bool) -> None:
        """Raise ConfigurationError if keys that are single texts, or models, cannot give the arguments of a call."""
        if not self.parameter:
            raise ConfigurationError(f"{place}: {self._no_place()}")
        self.check_names(self._in_path if by_model else [self.parameter], place)

    def check_model(self, model: Any, place: str) -> None:
        """Raise ConfigurationError if keys that are of a model do not name what the call is for."""
        try:
            naming(model, self.parameter, changes=self._changes)
        except BadArgument as error:
            raise ConfigurationError(f"{place}: {error}") from None

    @property
    def _changes(self) -> bool:
        return self.effect is not Effect.READ

    @property
    def wire_names(self) -> dict[str, str]:
        """The arguments by their names on the wire: `simId` is `sim_id`."""
        return wire_names(self._operation, self.parameters)

    def _no_place(self) -> str:
        return f"{self.name} takes no single value for a key: give mappings of its arguments by name"

    def _given(self, key: Any) -> dict[str, Any]:
        """Return the arguments that a key gives, by name; raises BadArgument if it gives none."""
        if isinstance(key, Mapping):
            return {str(name): value for name, value in key.items()}
        if not self.parameter:
            raise BadArgument(self._no_place())
        if isinstance(key, Model):
            return {
                name: identifier(key, name, changes=self._changes)
                for name in self._in_path
                if name == self.parameter or (name in self.required and hasattr(key, name))
            }
        return {self.parameter: key}

    def _takes(self, name: str) -> bool:
        """Return True; raises BadArgument for an argument that a key must not have."""
        if name in self.fixed:
            raise BadArgument(f"{name!r} is given for all keys already: leave one of them out")
        if name not in self.parameters:
            raise BadArgument(self._unknown(name))
        return True

    def _means_secret(self, name: str) -> bool:
        """Return whether a name that is no argument seems to mean one that is a secret: `passwrd`."""
        return name not in self.parameters and any(map(is_secret, self._near(name)))

    def _near(self, name: str) -> list[str]:
        import difflib  # only for an error

        return difflib.get_close_matches(name, self._open(), n=1)

    def _open(self) -> list[str]:
        return [each for each in self.parameters if each not in self.fixed]

    def _unknown(self, name: str) -> str:
        near = self._near(name)
        hint = f"did you mean {near[0]!r}? It" if near else "it"
        return f"{self.name} has no argument {name!r}; {hint} takes {', '.join(self._open()) or 'none'}"

    def _bound(
        self, signature: inspect.Signature, positional: tuple[Any, ...], keywords: Mapping[str, Any]
    ) -> dict[str, Any]:
        try:
            return dict(signature.bind_partial(*positional, **keywords).arguments)
        except TypeError as error:
            names = ", ".join(signature.parameters)
            raise ConfigurationError(f"{self.name} cannot take what was fixed: {error}; it takes {names}") from None

    def _check_fixed(self) -> None:
        """Raise ConfigurationError for a fixed argument that no request can carry: every key would fail by it."""
        for name, value in self.fixed.items():
            try:
                check_sendable(name, checked(name, value, self.parameters[name]), self.parameters[name])
            except BadArgument as error:
                raise ConfigurationError(f"{self.name}: {error}") from None
