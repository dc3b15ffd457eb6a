"""Who uses the emulated service: operators with all their data, their users, AuthKeys and sessions."""

from __future__ import annotations

from typing import Any

from attrs import define, field

from .collections import Collection
from .fleet import Fleet
from .groups import Groups

GIVEN_KEYS = 1000
"""How many keys of pages are remembered, at least."""


@define(slots=True, eq=False)
class User:
    """A root user or a SAM user."""

    operator: Operator = field(repr=False)
    name: str | None
    """None for the root user."""
    password: str | None = None
    mfa_secret: str | None = None
    mfa_enabled: bool = False
    backup_codes: list[str] = field(factory=list)
    description: str = ""
    created: int = 0
    """Unix milliseconds, like the next one."""
    modified: int = 0
    permission: str | None = None
    """The user's own permission document, as it was sent."""
    trust_policy: str | None = None
    """Who may switch to this user, as it was sent."""
    roles: list[str] = field(factory=list)
    """The identifiers of the roles that are attached."""


@define(slots=True, eq=False)
class Key:
    """An AuthKey."""

    id: str
    secret: str
    user: User
    created: int
    used: int | None = None


@define(slots=True, eq=False)
class Session:
    """The session of an API key and a token."""

    api_key: str
    token: str
    user: User
    expires: float
    """By the emulator's clock."""
    switched: bool = False
    permissions: tuple[str, ...] = ()
    """The permission documents of a SAM user at the issue of the token: what none of them allows is refused."""


@define(slots=True, eq=False)
class Operator:
    """An operator with all its data, which no session of another operator can reach."""

    id: str
    email: str
    created: int
    fleet: Fleet
    groups: Groups
    users: dict[str | None, User] = field(factory=dict)
    """By user name; the root user's is None."""
    coverages: list[str] = field(factory=lambda: ["jp", "g"])
    trusted: set[str] = field(factory=set)
    """The operators whose users may switch to this one's."""
    records: dict[str, Any] = field(factory=dict)
    """Data that is only stored and returned: company information, configuration, contracts."""
    collections: dict[str, Collection] = field(factory=dict)
    """Its collections, by their kind."""
    places: dict[str, dict[str, None]] = field(factory=dict)
    """The order of listings of records that are in no collection, by operationId and path."""
    given_keys: dict[str, None] = field(factory=dict)
    """The keys with which the latest pages ended, with operationId and path: they stay valid without their records."""

    def collection(self, kind: str) -> Collection:
        """Return its collection of a kind."""
        return self.collections.setdefault(kind, Collection(kind))

    def give_key(self, key: str) -> None:
        """Remember a key of a page, and forget the oldest ones."""
        self.given_keys.pop(key, None)
        self.given_keys[key] = None
        if len(self.given_keys) > 2 * GIVEN_KEYS:
            self.given_keys = dict.fromkeys(list(self.given_keys)[-GIVEN_KEYS:])
