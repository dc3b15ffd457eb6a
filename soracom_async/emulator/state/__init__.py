"""What the emulated service remembers, and how it is saved."""
