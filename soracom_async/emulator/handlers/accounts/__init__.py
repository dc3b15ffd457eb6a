"""Operators, users, logins and what they may do."""
