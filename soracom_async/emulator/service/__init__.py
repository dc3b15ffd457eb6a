"""The way of a request through the emulator: routing, validation, rate limits, faults, the handler."""
