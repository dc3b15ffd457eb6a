"""`--set NAME=VALUE`: arguments that are the same for all calls, as the types of the operation take them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from .._codec.shown import is_secret
from .._core.quoting import BadArgument
from ..bulk.arguments import checked
from ..bulk.targets import Target
from ..errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def fixed(method: Callable[..., Any], given: Iterable[tuple[str, str]]) -> Callable[..., Any]:
    """Return a method that has these arguments already.

    Raises ConfigurationError for an argument that is none, that is there twice, or that has a value of another type,
    and for a secret: anybody on the machine can read a command line.
    """
    parameters = Target.of(method).parameters
    arguments: dict[str, Any] = {}
    for word, text in given:
        name = word.replace("-", "_")
        if f"{name}_" in parameters:
            name = f"{name}_"
        if name in arguments:
            raise ConfigurationError(f"--set {word} is there twice")
        if is_secret(name):
            raise ConfigurationError(f"--set {word} would show a secret to all on this machine: give it in --from FILE")
        try:
            arguments[name] = checked(name, text, parameters.get(name, Any))
        except BadArgument as error:
            raise ConfigurationError(f"--set {word}: {error}") from None
    function = partial(method, **arguments)
    Target.of(function)
    return function
