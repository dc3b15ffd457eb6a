"""The Soracom API on a laptop, to develop and test against; see `Emulator`."""

from .clock import JumpingClock
from .domain.passcodes import totp
from .emulator import Emulator
from .service.faults import Fault

__all__ = ["Emulator", "Fault", "JumpingClock", "totp"]
