"""The Soracom API on a laptop, to develop and test against; see `Emulator`."""

from .emulator import Emulator
from .passcodes import totp

__all__ = ["Emulator", "totp"]
