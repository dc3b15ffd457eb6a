"""Requests, responses and errors, as the emulated API has them."""
