"""The conditions of permissions and trust policies: a small language of comparisons."""

from __future__ import annotations

import operator
import re
from collections import deque
from collections.abc import Callable
from datetime import date
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any

from attrs import Factory, frozen

from ..protocol.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST = 500
"""The most characters of a condition; a longer one could be nested too deeply."""


@frozen(slots=True)
class Facts:
    """What a condition can ask for."""

    user_name: str
    """Empty for the root user."""
    address: str
    today: date
    """The date in UTC."""
    path: Mapping[str, str] = Factory(dict)


Condition = Callable[[Facts], Any]


def read(text: str) -> Condition:
    """Return a function that evaluates the condition; raises Refusal (400) if the text is no condition."""
    try:
        tokens = _tokens(text)
        condition = _either(tokens)
        if tokens:
            raise ValueError("there is more behind the condition")
        condition(_SAMPLE)  # finds a wrong number of arguments, or a date that does not exist, now and not later
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError):
        raise Refusal.invalid("the condition {0} cannot be understood", text) from None
    return condition


_SAMPLE = Facts("", "127.0.0.1", date(2025, 1, 1))
_TOKEN = re.compile(r"""\s*('[^']*'|"[^"]*"|\d+|[A-Za-z_]\w*|&&|\|\||[=!<>]=|[<>!(),])\s*""")


def _tokens(text: str) -> deque[str]:
    found: deque[str] = deque()
    at = 0
    if len(text) > LONGEST:
        raise ValueError("the condition is too long")
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError("there is no such sign")
        found.append(match[1])
        at = match.end()
    return found


def _take(tokens: deque[str], *words: str) -> str | None:
    """Remove and return the next word, if it is one of `words`."""
    return tokens.popleft() if tokens and tokens[0] in words else None


def _either(tokens: deque[str]) -> Condition:
    return _joined(tokens, _both, any, "or", "||")


def _both(tokens: deque[str]) -> Condition:
    return _joined(tokens, _negated, all, "and", "&&")


def _joined(tokens: deque[str], part: Callable[[deque[str]], Condition], join: Any, *words: str) -> Condition:
    parts = [part(tokens)]
    while _take(tokens, *words):
        parts.append(part(tokens))
    # All parts are evaluated each time, so that an error in a later part is found, too.
    return parts[0] if len(parts) == 1 else lambda facts: join([each(facts) for each in parts])


def _negated(tokens: deque[str]) -> Condition:
    if _take(tokens, "not", "!"):
        inner = _negated(tokens)
        return lambda facts: not inner(facts)
    left = _value(tokens)
    sign = _take(tokens, *_SIGNS)
    if sign is None:
        return left
    compare, right = _SIGNS[sign], _value(tokens)
    return lambda facts: compare(left(facts), right(facts))


def _value(tokens: deque[str]) -> Condition:
    word = tokens.popleft()
    if word == "(":
        inner = _either(tokens)
        _close(tokens)
        return inner
    if word[0] in "'\"":
        return lambda facts: word[1:-1]
    if word.isdecimal():
        return lambda facts: int(word)
    if not _take(tokens, "("):
        return _VARIABLES[word]
    function, arguments = _FUNCTIONS[word], [_either(tokens)]
    while _take(tokens, ","):
        arguments.append(_either(tokens))
    _close(tokens)
    return lambda facts: function(facts, *(argument(facts) for argument in arguments))


def _close(tokens: deque[str]) -> None:
    if not _take(tokens, ")"):
        raise ValueError("a parenthesis is left open")


def _within(facts: Facts, network: str) -> bool:
    where = ip_network(network, strict=False)
    try:
        return ip_address(facts.address) in where
    except ValueError:  # an empty address is in no range
        return False


_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_VARIABLES: dict[str, Condition] = {
    "true": lambda facts: True,
    "false": lambda facts: False,
    "currentDate": lambda facts: facts.today,
    "samUserName": lambda facts: facts.user_name,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "date": lambda facts, year, month, day: date(year, month, day),
    "ipAddress": _within,
    "pathVariable": lambda facts, name: facts.path.get(name, ""),
}
