"""The state of the emulated service, and how it is saved."""
