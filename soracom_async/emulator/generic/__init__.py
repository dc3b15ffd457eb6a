"""What no handler is written for."""
