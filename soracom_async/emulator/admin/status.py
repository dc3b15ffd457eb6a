"""The status of an emulator as JSON, for its page and for other programs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from ..._registry import load
from ..._version import __version__

if TYPE_CHECKING:
    from ...credentials.kinds import AuthKey
    from ..service.faults import Faults
    from ..service.rate_limits import Quota
    from ..service.service import Service
    from ..state.accounts import Operator
    from ..state.world import AuditEntry, World

LAST = 50
"""How many requests are shown."""


class Observed(Protocol):
    """An emulator whose status can be shown."""

    world: World
    quota: Quota

    @property
    def service(self) -> Service:
        """The service, with its counts."""
        ...

    @property
    def faults(self) -> Faults:
        """The faults that were ordered."""
        ...

    @property
    def auth_key(self) -> AuthKey:
        """An AuthKey of the root user."""
        ...

    @property
    def serves(self) -> bool:
        """Whether it serves on a socket now."""
        ...

    @property
    def url(self) -> str:
        """The address that it serves on."""
        ...


def view(emulator: Observed) -> dict[str, Any]:
    """Return the whole status."""
    service = emulator.service
    return {
        "version": __version__,
        "time": time(emulator),
        "environment": environment(emulator),
        "operators": [_operator(each) for each in list(emulator.world.operators.values())],
        "quota": _quota(emulator),
        "counts": {"requests": service.requests, "logins": service.logins, "throttled": service.throttled},
        "faults": emulator.faults.view(),
        "requests": [request(each) for each in reversed(list(emulator.world.served)[-LAST:])],
    }


def time(emulator: Observed) -> dict[str, Any]:
    """Return the emulator's time."""
    now = emulator.world.wall()
    text = datetime.fromtimestamp(now, UTC).isoformat(" ", "seconds")
    return {"now": int(now * 1000), "text": text.replace("+00:00", " UTC")}


def environment(emulator: Observed) -> dict[str, str]:
    """Return the environment variables by which clients find the emulator and log in."""
    key = emulator.auth_key
    where = {"SORACOM_ENDPOINT": emulator.url} if emulator.serves else {}
    return where | {"SORACOM_AUTH_KEY_ID": key.auth_key_id, "SORACOM_AUTH_KEY": key.auth_key.reveal()}


def request(served: AuditEntry) -> dict[str, Any]:
    """Return one request; a secret in its path is left out."""
    return {
        "time": served.time,
        "operator": served.operator,
        "method": served.method,
        "path": _path(served),
        "operation": served.operation,
        "status": served.status,
        "milliseconds": round(served.took * 1000, 1),
        "faults": served.faults,
    }


def _path(served: AuditEntry) -> str:
    if served.operation is None or "token}" not in (template := load(served.operation).path):
        return served.path
    given = served.path.removeprefix("/v1").split("/")
    pairs = zip(template.split("/"), given, strict=True)
    return "/".join("…" if wanted.endswith("token}") else each for wanted, each in pairs)


def _operator(operator: Operator) -> dict[str, Any]:
    fleet = operator.fleet
    return {
        "operatorId": operator.id,
        "email": operator.email,
        "password": operator.users[None].password,
        "users": [name for name in operator.users if name is not None],
        "groups": sum(1 for _ in operator.groups),
        "sims": len(fleet),
        "statuses": dict(sorted(fleet.statuses().items())),
        "things": {kind: len(collection) for kind, collection in operator.collections.items() if collection},
    }


def _quota(emulator: Observed) -> list[dict[str, Any]]:
    windows = emulator.quota.windows(emulator.world.now())
    return [
        {
            "of": whose,
            "group": name or "no route",
            "limit": window.limit,
            "used": window.used,
            "refused": window.refused,
            "seconds": round(left, 1),
        }
        for (whose, name), window, left in windows
    ]
