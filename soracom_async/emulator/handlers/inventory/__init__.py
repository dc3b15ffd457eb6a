"""Inventory: the handlers."""
