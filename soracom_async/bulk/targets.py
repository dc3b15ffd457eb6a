"""What a run calls for each key: an operation of the API, found behind its method, or the caller's own function."""

from __future__ import annotations

import inspect
import json
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from functools import partial
from typing import Any, NamedTuple, Protocol, cast

from .._clock import Clock, SystemClock
from .._codec.codec import CODEC, json_default
from .._codec.fields import field_types, is_model, wire_name
from .._codec.model import Model
from .._codec.shown import is_secret
from .._core.operation import Effect, Operation
from .._core.quoting import BadArgument
from .._core.request import BODY, Plan, plan
from .._resource import Resource
from ..errors import ConfigurationError
from .arguments import checked, identifier, shown, text_of
from .claims import Identity

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

    operation: Operation[Any] | None
    """None for a function of the caller's own."""
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
        inner, positional, keywords = _unpacked(function)
        group = getattr(inner, "__self__", None)
        if not isinstance(group, Resource):
            return OwnFunction(function, name or "", repeatable, {**dict(enumerate(positional)), **keywords})
        if name is not None or repeatable:
            raise ConfigurationError("name= and repeatable= are for a function of your own: an operation knows both")
        return Method(function, inner, group, positional, keywords)

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
        arguments = {"#key": _short(key)}
        return Bound(text_of(arguments, self.parameter), {}, _nothing, error)

    async def identity(self) -> Identity:
        """Return what a journal of this belongs to, logging in if need be; raises AuthenticationFailed."""
        operator = "" if self.caller is None else await self.caller.operator_id()
        return Identity(self.name, self._fixed_as_json(), operator, self.repeatable, self.parameter)

    def _fixed_as_json(self) -> dict[str, Any]:
        wired = {str(name): _wired(value, self.parameters.get(name, Any)) for name, value in self.fixed.items()}
        return shown(wired)


class OwnFunction(Target):
    """A function of the caller's own, which is called with the key as it is."""

    def __init__(
        self, function: Callable[[Any], Awaitable[Any]], name: str, repeatable: bool, fixed: Mapping[Any, Any]
    ) -> None:
        self.operation = self.caller = None
        self.name, self.fixed, self.parameter = name, fixed, "key"
        self.effect = Effect.SET if repeatable else Effect.ACT
        self.parameters, self.required = {}, frozenset()
        self.function = function

    def bind(self, key: Any) -> Bound:
        """Return the call for a key."""
        if type(key) is str:
            arguments = {self.parameter: key}
        elif isinstance(key, Mapping):
            arguments = {str(name): _wired(value, Any) for name, value in key.items()}
        else:
            arguments = {self.parameter: _wired(key, Any)}
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
        self.caller = cast(Client, caller)
        self._operation, pages = operation_of(inner)
        self.operation = self._operation
        self.name, self.effect = self._operation.id, self._operation.effect
        signature = inspect.signature(inner)
        self.fixed = self._bound(signature, positional, keywords)
        it = self._plan = plan(self._operation, CODEC)
        self.parameters = {name: _type(it, self._operation, name) for name in signature.parameters}
        whole = self.fixed.keys() & {BODY, self._operation.body_name}
        needed = set(it.required) - (it.body.keys() if whole else set())
        needed -= {OPERATOR} & {p.name for p in it.path}
        self.required = frozenset(needed - self.fixed.keys())
        in_path = [p.name for p in it.path if p.name not in self.fixed]
        self._in_path = [name for name in in_path if name != OPERATOR] or in_path
        self.parameter = self._in_path[0] if self._in_path else ""
        self._body = {*it.body, self._operation.body_name}
        kind = self.parameters.get(self.parameter)
        self._plain = kind is str and self.required <= {self.parameter} and not is_secret(self.parameter)
        self._call: Callable[..., Awaitable[Any]] = _Collecting(function) if pages else function
        self._check_fixed()

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
            given = {name: _wired(value, Any) for name, value in given.items()} or {"#key": repr(key)}
            at = _place(key)
            problem = ConfigurationError(f"key {_short(key)}{at}: {error}")
            return Bound(text_of(given, self.parameter), shown(given), _nothing, problem)
        wired = {name: _wired(value, self.parameters[name]) for name, value in arguments.items()}
        return Bound(text_of(wired, self.parameter), shown(wired), partial(self._call, **arguments))

    def check_names(self, names: Any, place: str) -> None:
        """Raise ConfigurationError if names, such as a file's columns, are not those of this call's arguments."""
        for name in names:
            if name in self.fixed:
                raise ConfigurationError(f"{place}: {name!r} is given for all keys already: leave one of them out")
            if name not in self.parameters:
                raise ConfigurationError(f"{place}: {self._unknown(name)}")
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

    @property
    def wire_names(self) -> dict[str, str]:
        """The arguments by their names on the wire: `simId` is `sim_id`."""
        names = {parameter.wire: name for name, parameter in (*self._plan.query.items(), *self._plan.headers.items())}
        for name in self.parameters:
            in_body = name in self._plan.body and is_model(self._operation.body)
            field = name if not in_body or name in field_types(self._operation.body) else name.removesuffix("_")
            names.setdefault(wire_name(self._operation.body if in_body else Model, field), name)
        return names

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
                name: identifier(key, name, changes=self.effect is not Effect.READ)
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

    def _unknown(self, name: str) -> str:
        import difflib  # only for an error

        open_names = [each for each in self.parameters if each not in self.fixed]
        near = difflib.get_close_matches(name, open_names, n=1)
        hint = f"did you mean {near[0]!r}? It" if near else "it"
        return f"{self.name} has no argument {name!r}; {hint} takes {', '.join(open_names) or 'none'}"

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
                sent = checked(name, value, self.parameters[name])
                _wire(name, sent, self.parameters[name])
            except BadArgument as error:
                raise ConfigurationError(f"{self.name}: {error}") from None


def _wire(name: str, value: Any, type_: Any) -> None:
    """Raise BadArgument, with the name, for a value that has no form on the wire."""
    try:
        CODEC.wire(value, type_)
    except BadArgument as error:
        raise BadArgument(f"{name}: {error}") from None


class _Collecting:
    """A listing as a call: it returns all items."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __call__(self, *args: Any, **arguments: Any) -> Awaitable[Any]:
        result: Awaitable[Any] = self._function(*args, **arguments).collect()
        return result


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


def _unpacked(function: Callable[..., Any]) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]:
    """Return the function within partials, and the arguments that these fix."""
    positional: tuple[Any, ...] = ()
    keywords: dict[str, Any] = {}
    while isinstance(function, partial):
        positional, keywords = (*function.args, *positional), {**function.keywords, **keywords}
        function = function.func
    return function, positional, keywords


def _type(it: Plan, operation: Operation[Any], name: str) -> Any:
    """Return the type of an argument of an operation, as the wire takes it."""
    for parameter in it.path:
        if parameter.name == name:
            return parameter.type
    placed = it.query.get(name) or it.headers.get(name)
    if placed is not None:
        return placed.type
    if name in it.body and is_model(operation.body):
        types = field_types(operation.body)
        return types[name if name in types else name.removesuffix("_")]
    return operation.body if name in (BODY, operation.body_name) else Any


def _wired(value: Any, type_: Any) -> Any:
    """Return a value as JSON has it; what JSON has not, as text."""
    try:
        return json.loads(json.dumps(CODEC.wire(value, type_), default=json_default))
    except (BadArgument, TypeError, ValueError, RecursionError):
        return repr(value)


def _short(key: Any) -> str:
    text = repr(shown(key) if isinstance(key, Mapping) else key)
    return text if len(text) <= 80 else f"{text[:79]}…"


def _place(key: Any) -> str:
    number = getattr(key, "number", None) if isinstance(key, Mapping) else None
    return "" if number is None else f" (row {number})"
