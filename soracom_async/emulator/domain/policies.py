"""The documents that allow and deny: permissions say what may be called, trust policies who may switch."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from attrs import frozen

from ..protocol.errors import Refusal
from ..protocol.messages import decode
from ..protocol.texts import Term
from . import conditions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .conditions import Condition, Facts


@frozen(slots=True)
class Statement:
    """One statement of a document."""

    allows: bool
    names: re.Pattern[str]
    """The operations, or the users, that it applies to."""
    condition: Condition | None

    def applies(self, names: Iterable[str], facts: Facts) -> bool:
        """Tell whether it applies to one of `names`, and its condition is true."""
        return any(map(self.names.fullmatch, names)) and (self.condition is None or bool(self.condition(facts)))


def allow(statements: Iterable[Statement], names: Iterable[str], facts: Facts) -> bool:
    """Tell whether at least one statement allows, and none denies."""
    names = tuple(names)
    return {statement.allows for statement in statements if statement.applies(names, facts)} == {True}


@lru_cache(maxsize=1000)
def permission(text: str) -> tuple[Statement, ...]:
    """Return the statements of a permission; raises Refusal (400) if the text is no permission."""
    return _statements(text, "permission", _operations)


@lru_cache(maxsize=1000)
def trust_policy(text: str) -> tuple[Statement, ...]:
    """Return the statements of a trust policy; raises Refusal (400) if the text is no trust policy."""
    return _statements(text, "trust policy", _users)


def _statements(text: str, what: str, names: Callable[[Any], re.Pattern[str]]) -> tuple[Statement, ...]:
    try:
        blocks = decode(text.encode())["statements"]
        return tuple(
            Statement({"allow": True, "deny": False}[block["effect"]], names(block), _condition(block))
            for block in blocks
        )
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError):
        raise Refusal.invalid("the statements of the {0} are not valid", Term(what)) from None


def _operations(block: dict[str, Any]) -> re.Pattern[str]:
    return _any_of(re.escape(name).replace(r"\*", ".*") for name in _listed(block["api"]))


def _users(block: dict[str, Any]) -> re.Pattern[str]:
    # A principal may also be a service, but no service logs in to the emulator.
    return _any_of(map(re.escape, _listed(block["principal"].get("soracom", []))))


def _listed(names: str | list[str]) -> list[str]:
    return [names] if isinstance(names, str) else names


def _any_of(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


def _condition(block: dict[str, Any]) -> Condition | None:
    text = block.get("condition")
    return conditions.read(text) if text else None
