"""The state as JSON in a file: everything in a World, but no settings of the emulator."""

from __future__ import annotations

import contextlib
import os
import tempfile
from codecs import BOM_UTF8
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import define
from cattrs import BaseValidationError, Converter

from ...errors import ConfigurationError
from ..protocol.messages import decode, encode
from .serialization import pack, unpack

if TYPE_CHECKING:
    from ..._clock import Clock
    from .accounts import Operator
    from .world import World

FORMAT, VERSION = "state of a soracom_async emulator", 1


@define(slots=True)
class Saved:
    """The content of a file."""

    world: dict[str, Any]
    operator: str
    """The first operator of the emulator; its AuthKey follows."""
    auth_key_id: str
    auth_key: str

    def revive(self, clock: Clock, today: float | None) -> tuple[World, Operator]:
        """Return the world, and the operator in it.

        Its time continues where it was, or at the Unix time `today` if that is later.
        """
        try:
            world = unpack(self.world, clock, today)
            return world, world.operators[self.operator]
        except Exception as error:  # it may be of whatever a wrong value in the file leads to
            raise ConfigurationError(f"the state is damaged: {type(error).__name__}") from None


def save(path: str | os.PathLike[str], world: World, operator: str, auth_key: tuple[str, str]) -> None:
    """Write a file that only its owner may read, completely or not at all; raises OSError."""
    saved = Saved(pack(world), operator, *auth_key)
    content = encode({"format": FORMAT, "version": VERSION} | Converter().unstructure(saved))
    target = Path(path)
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")  # of mode 0600
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
        os.replace(name, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def load(path: str | os.PathLike[str]) -> Saved:
    """Return the content of a file; raises ConfigurationError if `save` did not write it, OSError if it is missing."""
    content = Path(path).read_bytes()
    try:
        data = decode(content.removeprefix(BOM_UTF8))
        known, version = data["format"] == FORMAT, data["version"]
    except (ValueError, TypeError, KeyError):
        data, known, version = None, False, None
    if not known:
        raise ConfigurationError(f"{path} is no {FORMAT}")
    if version != VERSION:
        raise ConfigurationError(f"{path} is of version {version!r}, and this release reads version {VERSION}")
    try:
        return Converter().structure(data, Saved)
    except BaseValidationError:
        raise ConfigurationError(f"{path} is damaged") from None
