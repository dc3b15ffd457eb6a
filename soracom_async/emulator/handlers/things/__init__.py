"""Devices beside SIMs, and what acts on many."""
