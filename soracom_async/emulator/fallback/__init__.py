"""The fallback: answers to operations that have no handler."""
