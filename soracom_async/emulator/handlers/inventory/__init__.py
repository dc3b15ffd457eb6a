"""Devices: the handlers."""
