"""Lagoon: the handlers."""
