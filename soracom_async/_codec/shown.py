"""How models are shown: in one line, what identifies them first, without secrets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from itertools import islice
from typing import Any

from .fields import Kept, field_names, undeclared

HIDDEN = "**********"
CUT = "…"
WIDTH = 120
"""The most characters of a line."""
LONGEST = 40
"""The most characters of a text within it."""
DEEPEST = 20
"""How deep objects and lists are looked into."""

_SECRET = re.compile(
    r"(token|(api|auth|access|private|shared)[_-]?key|pass(word|wd|phrase|code)|pwd|psk|secret|credential"
    r"|authorization|bearer|cookie|(otp|activation|backup)_?code|totp_?uri|password_?hash)s?$",
    re.IGNORECASE,
)
LOOKS = (
    r"\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?",  # a JSON Web Token
    r"\bsecret-[\w-]{8,}",  # the secret of an AuthKey
    r"(?<=[Bb]earer )[^\s\"',;]+",
    r"(?<=://)[^\s/?#@]+(?=@)",  # user and password in a URL
)
"""What a secret looks like, within any text."""
_LOOKS = re.compile("|".join(LOOKS))
_SIGNED = re.compile(r"\A(https?://[^?]*\?).*(signature|x-amz|token|sig=).*", re.IGNORECASE | re.DOTALL)
_NAMING = re.compile(r"(?:(.+)_)?(?:id|name)|(?:iccid|imsi|email)")


def is_secret(name: str) -> bool:
    """Return whether what is called `name` is a secret."""
    return bool(_SECRET.search(name))


def hidden(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object for a repr: without secrets, by their names or by their looks, however deep they are.

    What contains itself, or lies very deep, is not followed.
    """
    return _hidden(values, ())


def _hidden(values: Mapping[str, Any], within: tuple[int, ...]) -> dict[str, Any]:
    # A private key is called just that; of a setting, `key` or `name` is the name and `value` the secret.
    names = {"key"} if "passphrase" in values else set()
    names |= {"value"} if any(is_secret(str(values.get(name))) for name in ("key", "name")) else set()
    return {
        name: HIDDEN if _holds(value) and (name in names or is_secret(str(name))) else _shown(value, within)
        for name, value in values.items()
    }


def _holds(value: Any) -> bool:
    return value is not None and not isinstance(value, bool)


def _shown(value: Any, within: tuple[int, ...]) -> Any:
    if isinstance(value, str):
        return HIDDEN if "PRIVATE KEY" in value else _LOOKS.sub(HIDDEN, _SIGNED.sub(rf"\1{HIDDEN}", value))
    if not isinstance(value, Mapping | list | tuple):
        return value
    if id(value) in within or len(within) == DEEPEST:
        return CUT
    within = (*within, id(value))
    return _hidden(value, within) if isinstance(value, Mapping) else [_shown(each, within) for each in value]


def line(model: Kept, width: int = WIDTH) -> str:
    """Return a model as one line: what is set, as far as there is room, and first what identifies it."""
    cls: Any = type(model)
    name, room = cls.__name__, width - len(f"{cls.__name__}()")
    if room < len(CUT):
        return CUT
    said = set_values(model)
    labels = {field: field if field.isidentifier() else _short(field, room) for field in said}
    return f"{name}({_joined(((f'{labels[field]}=', value) for field, value in said.items()), room)})"


def set_values(model: Kept) -> dict[str, Any]:
    """Return what is set in a model, by the names of the fields, without secrets, and first what identifies it."""
    cls: Any = type(model)
    values = {field: getattr(model, field) for field in field_names(cls)}
    values |= {str(wire): value for wire, value in undeclared(model).items() if wire not in values}
    said = {field: value for field, value in hidden(values).items() if value is not None}
    naming = {field: match[1] or "" for field in said if (match := _NAMING.fullmatch(field))}
    first = {field for field, thing in naming.items() if thing.replace("_", "") in cls.__name__.lower()} or naming
    return {field: said[field] for field in sorted(said, key=lambda field: field not in first)}


def cell(value: Any) -> str:
    """Return a value as the text of a table's cell: a text as it is, as far as there is room, and others in short."""
    if isinstance(value, str):
        return value if len(value) <= WIDTH else value[: WIDTH - 1] + CUT
    return line(value) if isinstance(value, Kept) else _short(value, WIDTH)


def _joined(parts: Iterable[tuple[str, Any]], room: int) -> str:
    """Return those of the parts, each a label and a value, for which there is room; an ellipsis stands for others."""
    text, cut, waiting = "", "", list(parts)
    while waiting:
        label, value = waiting.pop(0)
        left = room - len(f", {CUT}") if waiting or cut else room
        start = f"{text}, {label}" if text else label
        if len(start) < left and len(longer := start + _short(value, left - len(start))) <= left:
            text = longer
        else:
            cut = CUT
    return ", ".join(filter(None, (text, cut)))


def _short(value: Any, room: int) -> str:
    """Return the repr of a value, shortened; what holds others is cut to the room that there is."""
    match value:
        case str():
            return repr(value if len(value) <= LONGEST else value[: LONGEST - 1] + CUT)
        case Kept():
            return line(value, min(room, LONGEST))
        case Mapping():
            items = islice(value.items(), WIDTH)
            return f"{{{_joined(((f'{_short(key, 0)}: ', each) for key, each in items), room - 2)}}}"
        case list():
            return f"[{_joined((('', each) for each in value[:WIDTH]), room - 2)}]"
        case date():
            return str(value)
        case _:
            text = " ".join(repr(value).split())
            return text if len(text) <= LONGEST else text[: LONGEST - 1] + CUT
