"""The whole state of the emulated service, and its time."""

from __future__ import annotations

import random
import uuid
from collections import deque
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from ..durations import DAY_MS
from ..protocol.errors import Refusal
from .accounts import Key, Operator, Session, User
from .fleet import Fleet
from .groups import Groups
from .storage import Storage
from .subscriptions import MIX

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..._clock import Clock

TOKEN_LIFE_MS = DAY_MS
"""How long a mailed token is valid."""
EPOCH = 1_735_689_600
"""2025-01-01: seeded records are older, and the time of an emulator with a clock of its own starts here."""
END = 32_503_680_000
"""3000-01-01: the time of an emulator cannot be moved so far, since dates and texts of times have their limits."""


@frozen(slots=True)
class Mail:
    """A mail with a token, which allows something once."""

    to: str
    purpose: str
    token: str
    subject: Any = field(repr=False)
    """The user, operator or value that the token is for."""
    sent: int
    """Unix milliseconds."""


@frozen(slots=True)
class AuditEntry:
    """An answered request: for the audit log, and for those who watch the emulator."""

    time: int
    """Unix milliseconds."""
    operator: str | None
    user: str | None
    """The SAM user's name; None for the root user."""
    address: str
    method: str
    path: str
    operation: str | None
    status: int
    number: int
    """Its number among all requests; it orders requests of the same time."""
    took: float = 0.0
    """Seconds until the answer, by the emulator's clock."""
    faults: str = ""
    """The kinds of the faults that hit it."""


class World:
    """The state of a service: operators, AuthKeys, sessions, mails, stored files."""

    def __init__(self, clock: Clock, *, seed: int = 0, start: float = EPOCH) -> None:
        self.seed = seed
        self.random: random.Random = random.Random(seed)
        self.clock = clock
        self.ahead: float = 0.0
        """Seconds that this clock was moved forward by `advance`."""
        self._start = start - clock.now()
        self.operators: dict[str, Operator] = {}
        self.keys: dict[str, Key] = {}
        self.sessions: dict[str, Session] = {}
        """By token."""
        self.mails: list[Mail] = []
        """The mails that were sent, oldest first."""
        self.storage: Storage = Storage()
        self.served: deque[AuditEntry] = deque(maxlen=10_000)
        """The last requests, oldest first."""
        self.next_number: int = 1
        """Where the search for a free number of a SIM begins."""

    def now(self) -> float:
        """Return monotonic seconds."""
        return self.clock.now() + self.ahead

    def wall(self) -> float:
        """Return the Unix time; it follows the clock, not the machine's wall clock."""
        return self._start + self.now()

    def milliseconds(self) -> int:
        """Return the Unix time in milliseconds."""
        return int(self.wall() * 1000)

    def uuid(self) -> str:
        """Return a unique identifier, the same in every run with one seed."""
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def secret(self, length: int) -> str:
        """Return letters and digits, the same in every run with one seed."""
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
        return "".join(self.random.choices(letters, k=length))

    def add_operator(
        self,
        email: str,
        password: str,
        *,
        sims: int = 0,
        groups: int = 0,
        subscriptions: Mapping[str, float] = MIX,
    ) -> Operator:
        """Add an operator, with a seeded fleet, whose SIMs have these subscriptions, and seeded groups."""
        operator_id = f"OP{self.random.randrange(10**10):010d}"
        owned = Groups(operator_id)
        made = tuple(owned.create(self.uuid(), EPOCH * 1000, {"name": f"group-{n + 1}"}) for n in range(groups))
        numbers = range(self.next_number, self.next_number + sims)
        self.next_number += sims
        fleet = Fleet(
            operator_id,
            numbers,
            key=self.seed,
            epoch=EPOCH * 1000,
            time=self.milliseconds,
            groups=tuple(group["groupId"] for group in made),
            subscriptions=subscriptions,
            live_groups=owned,
        )
        operator = Operator(operator_id, email, self.milliseconds(), fleet, owned)
        self.add_user(operator, None, password)
        self.operators[operator_id] = operator
        return operator

    def add_user(self, operator: Operator, name: str | None, password: str | None = None) -> User:
        """Add a user to an operator."""
        now = self.milliseconds()
        user = operator.users[name] = User(operator, name, password, created=now, modified=now)
        return user

    def remove_user(self, user: User) -> None:
        """Remove a user, with its AuthKeys and tokens."""
        del user.operator.users[user.name]
        self.keys = {key_id: key for key_id, key in self.keys.items() if key.user is not user}
        self.close_sessions(user=user)

    def remove_operator(self, operator: Operator) -> None:
        """Remove an operator, with its users and all its data."""
        del self.operators[operator.id]
        self.keys = {key_id: key for key_id, key in self.keys.items() if key.user.operator is not operator}
        self.close_sessions(operator=operator)

    def add_key(self, user: User) -> Key:
        """Generate an AuthKey for a user."""
        key = Key(f"keyId-{self.secret(32)}", f"secret-{self.secret(60)}", user, self.milliseconds())
        self.keys[key.id] = key
        return key

    def keys_of(self, user: User) -> Iterator[Key]:
        """Return the AuthKeys of a user."""
        return (key for key in self.keys.values() if key.user is user)

    def operator_of(self, email: str) -> Operator | None:
        """Return the operator that signed up with `email`."""
        return next((operator for operator in self.operators.values() if operator.email == email), None)

    def owner(self, number: int) -> Operator | None:
        """Return the operator that has the SIM of that number."""
        return next((operator for operator in self.operators.values() if number in operator.fleet), None)

    def new_number(self) -> int:
        """Return a number that no SIM has."""
        while self.owner(self.next_number) is not None:
            self.next_number += 1
        return self.next_number

    def mail(self, to: str, purpose: str, subject: Any) -> Mail:
        """Send a token by mail."""
        mail = Mail(to, purpose, self.secret(32), subject, self.milliseconds())
        self.mails.append(mail)
        return mail

    def redeem(self, purpose: str, token: str) -> Any:
        """Return the subject of a mailed token, once; raises Refusal if it is not valid (400) or too old (404)."""
        for mail in self.mails:
            if (mail.purpose, mail.token) == (purpose, token):
                self.mails.remove(mail)
                if self.milliseconds() - mail.sent < TOKEN_LIFE_MS:
                    return mail.subject
                raise Refusal("AUM9013")
        raise Refusal.invalid_token()

    def close_sessions(self, user: User | None = None, operator: Operator | None = None) -> None:
        """End the tokens of a user, of an operator or of all."""
        self.sessions = {
            token: session
            for token, session in self.sessions.items()
            if not (user in (None, session.user) and operator in (None, session.user.operator))
        }
