"""What an option may hold: whole numbers, seconds, names with values."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """Return what reads a whole number of this range."""

    def whole(text: str) -> int:
        number = int(text) if text.isascii() and text.isdecimal() else -1
        if number < least or (most is not None and number > most):
            bounds = f"{least} or more" if most is None else f"{least} to {most}"
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number, {bounds}")
        return number

    return whole


def seconds(least: float = 0.0) -> Callable[[str], float]:
    """Return what reads a number of at least `least`."""

    def seconds(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = -1.0
        if not least <= number < float("inf"):
            raise argparse.ArgumentTypeError(f"{text!r} is not a number, {'more than 0' if least else '0 or more'}")
        return number

    return seconds


def limit(text: str) -> tuple[str, int]:
    """Read `NAME=N` or `N`: requests of a group in a window."""
    name, _, number = text.rpartition("=")
    return name or "all", whole(1)(number)


def weighted(text: str) -> tuple[str, float]:
    """Read `NAME=WEIGHT` or `NAME`."""
    name, mark, weight = text.partition("=")
    return name, seconds(0.001)(weight) if mark else 1.0


def named(text: str) -> tuple[str, str]:
    """Read `NAME=VALUE`."""
    name, mark, value = text.partition("=")
    if not name or not mark:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=VALUE")
    return name, value


def number(above: float, most: float) -> Callable[[str], float]:
    """Return what reads a number above `above` and up to `most`."""

    def number(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = above
        if not above < value <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number above {above:g}, up to {most:g}")
        return value

    return number


def count_or_share(text: str) -> int | str:
    """Read `N` or `P%`."""
    if text.isascii() and text.isdecimal():
        return int(text)
    if not text.endswith("%"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number, 0 or more, nor a share such as 5%")
    number(0.0, 100.0)(text[:-1])
    return text


def names(text: str) -> list[str]:
    """Read `A,B`."""
    found = [name.strip() for name in text.split(",")]
    if not all(found):
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of names with commas between them")
    return found
