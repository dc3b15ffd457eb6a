"""API keys and tokens: issued as signed JWTs, and looked up again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..durations import DAY_S, HOUR_S, MINUTE_S
from ..protocol.errors import Refusal
from ..protocol.messages import decode
from ..state.accounts import Session, User
from ..state.world import World
from . import permissions, signing

if TYPE_CHECKING:
    from ..protocol.messages import Request

SHORTEST_S, LONGEST_S, DEFAULT_S = 3 * MINUTE_S, 2 * DAY_S, DAY_S
SWITCHED_LONGEST_S = SWITCHED_DEFAULT_S = HOUR_S
"""How long the token of a switched user lives at most, and if the request names no time."""
EARLY_S = 2 * MINUTE_S
"""How long before its issue a token is valid, for machines whose clock is slow."""
EVERYTHING = {"statements": [{"effect": "allow", "api": "*"}]}
"""The permission of a root user, as its token says it."""
LONGEST_CLAIM = 4000
"""The most characters of permissions in a token. A token is a header, and servers refuse long ones."""


def life(asked: Any, *, longest: int = LONGEST_S, default: int = DEFAULT_S) -> int:
    """Return the seconds that a token lives, or refuse the requested time."""
    seconds = default if asked is None else int(asked)
    if not SHORTEST_S <= seconds <= longest:
        raise Refusal("AUM9005", SHORTEST_S, longest)
    return seconds


def issue(world: World, user: User, seconds: float, *, api_key: str | None = None, switched: bool = False) -> Session:
    """Start a session of `user`."""
    now, wall, allowed = world.now(), world.wall(), permissions.documents(user)
    claims = {
        "jti": world.uuid(),
        "iss": "soracom.io",
        "aud": "Operator",
        "sub": "soracom",
        "iat": int(wall),
        "nbf": int(wall) - EARLY_S,
        "exp": int(wall + seconds),
        "operator": _claims(user, allowed),
    }
    token = signing.sign(claims)
    if len(world.sessions) % 1000 == 999:  # limits the memory of many logins
        world.sessions = {token: each for token, each in world.sessions.items() if each.expires > now}
    # As in the service, a change of permissions takes effect with the next token.
    session = Session(api_key or f"api-{world.uuid()}", token, user, now + seconds, switched, allowed)
    world.sessions[token] = session
    return session


def _claims(user: User, allowed: tuple[str, ...]) -> dict[str, Any]:
    """Return what a token says of its operator.

    Of the last four, only the names are known from tokens of the service; the values are guesses.
    """
    coverages = user.operator.coverages
    claims: dict[str, Any] = {"operatorId": user.operator.id, "coverageTypes": list(coverages)}
    documents = [decode(document.encode()) for document in allowed]
    if user.name is None:
        documents = [EVERYTHING]
    else:
        claims["userName"] = user.name
    claims["coverageTypeAttributes"] = {coverage: {} for coverage in coverages}
    claims |= {"accountType": "standard", "paymentMethodStatus": "active"}
    if sum(map(len, allowed)) <= LONGEST_CLAIM:
        claims["permissions"] = documents
    return claims


def check(world: World, session: Session | None, request: Request) -> Session:
    """Return the session of a request; refuse (401) no key and token, wrong ones, and a token that has expired."""
    if not all(request.headers.get(name) for name in ("x-soracom-api-key", "x-soracom-token")):
        raise Refusal("AUM0001")
    if session is None:
        raise Refusal("AGW0002")
    if not lives(world, session):
        raise Refusal("AUM0013")
    return session


def lives(world: World, session: Session) -> bool:
    """Tell whether the token of a session is still good."""
    return world.now() < session.expires


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
