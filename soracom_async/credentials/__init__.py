"""Credentials: what a session logs in with, and where it finds that."""

from __future__ import annotations

from .kinds import (
    ApiToken,
    AuthKey,
    Credentials,
    RootUser,
    SamUser,
    SwitchUser,
)

__all__ = ["ApiToken", "AuthKey", "Credentials", "RootUser", "SamUser", "SwitchUser"]
