"""The registry of how each type is read and written: one cattrs converter, with functions generated at first use."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from .fields import is_model
from .structuring import ModelHook, Reader, Readers
from .unstructuring import Writer, Writers, as_base64, refused

if TYPE_CHECKING:
    from cattrs import Converter


@cache
def converter() -> Converter:
    """Return the converter, made at first use; hooks that are registered before a type is used go before ours."""
    from cattrs import Converter  # only now: a program that decodes nothing does not load it

    made = Converter()
    made.register_structure_hook_factory(lambda _: True, lambda type_: lambda value, _: structurer(type_)(value))
    made.register_structure_hook_factory(is_model, lambda cls: ModelHook(cls, _readers))
    made.register_unstructure_hook_factory(is_model, _writers.model)
    return made


def _structure_hook(cls: Any) -> Callable[[Any, Any], Any]:
    return converter().get_structure_hook(cls)


def _unstructure_hook(cls: Any) -> Writer:
    return converter().get_unstructure_hook(cls)


def _request_hook(cls: Any) -> Writer:
    """Return how a model is written in a request: as its own hook does, if somebody registered one."""
    hook = _unstructure_hook(cls)
    return _in_requests.model(cls) if hook in _writers.generated else hook


_readers = Readers(_structure_hook)
_writers = Writers(_unstructure_hook, as_base64)
_in_requests = Writers(_request_hook, refused)


@cache
def structurer(type_: Any) -> Reader:
    """Return how a value declared as `type_` is read; what is not of that type stays unchanged."""
    return _readers.function(type_)


@cache
def argument_writer(type_: Any) -> Writer:
    """Return how an argument declared as `type_` is written; one of another type is written by its own.

    It raises ValueError for bytes where the API has none.
    """
    return _in_requests.function(type_)


def unstructure(value: Any) -> Any:
    """Turn a model, or a container of models, into wire JSON: `unstructure(structure(data, Model)) == data`."""
    return _writers.any(value)
