"""The Soracom API on a laptop, to develop and test against; see `Emulator`."""

from .clock import JumpingClock
from .emulator import Emulator
from .faults import Fault
from .rules.passcodes import totp

__all__ = ["Emulator", "Fault", "JumpingClock", "totp"]
