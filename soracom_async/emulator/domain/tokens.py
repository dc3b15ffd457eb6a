"""API keys and tokens: issued as signed JWTs, and looked up again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jwt

from ..durations import DAY_S, HOUR_S, MINUTE_S
from ..protocol.errors import Refusal
from ..state.world import Session, User, World
from . import permissions

if TYPE_CHECKING:
    from ..protocol.messages import Request

SHORTEST_S, LONGEST_S, DEFAULT_S = 3 * MINUTE_S, 2 * DAY_S, DAY_S
SWITCHED_LONGEST_S = SWITCHED_DEFAULT_S = HOUR_S
"""How long the token of a switched user lives at most, and if the request names no time."""
SIGNING_KEY = "the emulator's tokens protect nothing, so its key is no secret"


def life(asked: Any, *, longest: int = LONGEST_S, default: int = DEFAULT_S) -> int:
    """Return the seconds that a token lives, or refuse the requested time."""
    seconds = default if asked is None else int(asked)
    if not SHORTEST_S <= seconds <= longest:
        raise Refusal("AUM9005", SHORTEST_S, longest)
    return seconds


def issue(world: World, user: User, seconds: float, *, api_key: str | None = None, switched: bool = False) -> Session:
    """Start a session of `user`."""
    now, wall, operator = world.now(), world.wall(), user.operator
    claims = {
        "jti": world.uuid(),
        "iss": "soracom-emulator",
        "iat": int(wall),
        "exp": int(wall + seconds),
        "operator": {
            "operatorId": operator.id,
            "coverageTypes": list(operator.coverages),
            "userName": user.name,
        },
    }
    token = jwt.encode(claims, SIGNING_KEY, algorithm="HS256")
    if len(world.sessions) % 1000 == 999:  # limits the memory of many logins
        world.sessions = {token: each for token, each in world.sessions.items() if each.expires > now}
    # As in the service, a change of permissions takes effect with the next token.
    session = Session(
        api_key or f"api-{world.uuid()}", token, user, now + seconds, switched, permissions.documents(user)
    )
    world.sessions[token] = session
    return session


def find(world: World, request: Request) -> Session | None:
    """Return the session that a request names, even one that has expired."""
    session = world.sessions.get(request.headers.get("x-soracom-token", ""))
    if session is None or session.api_key != request.headers.get("x-soracom-api-key"):
        return None
    return session


def shown(session: Session) -> dict[str, Any]:
    """Return a session as a login answers it."""
    answer = {"apiKey": session.api_key, "token": session.token, "operatorId": session.user.operator.id}
    return answer | ({"userName": session.user.name} if session.user.name else {})
