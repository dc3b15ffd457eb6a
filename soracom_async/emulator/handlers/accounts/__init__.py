"""Operators, users, logins and permissions."""
