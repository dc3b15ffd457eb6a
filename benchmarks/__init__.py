"""Measurements of the library beside its peers; each module is one command, see README.md."""
