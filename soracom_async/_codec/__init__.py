"""Conversion between wire JSON and models, without loss."""
