"""The answers of operations that no handler is written for."""
