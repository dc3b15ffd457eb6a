"""Sigfox devices: the handlers."""
