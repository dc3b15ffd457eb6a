"""What a value is, whatever class of the caller's it has. Knows the types of Python; must not know where it is sent.

A member of `class Order(str, Enum)` is text, but `str()`, `format()` and f-strings say `Order.ASC`; the methods of any
other subclass may say anything. So what goes out is always made of a value of the type itself.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import Enum
from operator import index
from typing import Any

_PLAIN = frozenset({str, int, float, bool, bytes, type(None), dict, list, tuple})


def plain(value: Any) -> Any:
    """Return the text, number, bytes or time that `value` is, of the type itself; anything else unchanged.

    A member of an Enum that is none of them is its value, and what can be an index, as the integers of numpy, an int.
    """
    if type(value) in _PLAIN:
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int.__int__(value)
    if isinstance(value, float):
        return float.__float__(value)
    if isinstance(value, bytes):
        return memoryview(value).tobytes()
    if isinstance(value, date):
        return _time(value)
    if isinstance(value, Enum):
        return plain(value.value)
    if hasattr(type(value), "__index__"):
        try:
            return int.__int__(index(value))
        except TypeError:  # an array of numpy is an index only if it has one element
            pass
    return value


def _time(value: date) -> date:
    if not isinstance(value, datetime):
        return date(value.year, value.month, value.day)
    return datetime(
        value.year,
        value.month,
        value.day,
        value.hour,
        value.minute,
        value.second,
        value.microsecond,
        value.tzinfo,
        fold=value.fold,
    )
