"""An emulator of the Soracom API, for development and tests; see `Emulator`."""

from .clock import JumpingClock
from .domain.passcodes import totp
from .emulator import Emulator
from .service.faults import Fault

__all__ = ["Emulator", "Fault", "JumpingClock", "totp"]
