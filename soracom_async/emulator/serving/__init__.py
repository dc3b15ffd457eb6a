"""How the emulator is served: on loopback, or in process."""
