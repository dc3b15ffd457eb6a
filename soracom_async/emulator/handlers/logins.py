"""Logging in, renewing, switching, logging out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import passcodes, tokens
from ..refusals import Refusal
from . import Call, handles

if TYPE_CHECKING:
    from ..world import User, World


def _one_time_password(world: World, user: User, code: str | None) -> None:
    """Refuse a login without the one-time password, where the user has one."""
    if user.mfa_enabled and not (user.mfa_secret and code and passcodes.accepts(user.mfa_secret, code, world.wall())):
        raise Refusal("AUM0004")


def user_of(world: World, given: dict[str, Any]) -> User:
    """Return the user that a login's body proves to be."""
    match given:
        case {"authKeyId": str(key_id), "authKey": str(secret)}:
            key = world.keys.get(key_id)
            if key is not None and key.secret == secret:
                key.used = world.milliseconds()
                return key.user
        case {"email": str(email), "password": str(password)}:
            operator = world.operator_of(email)
            if operator is not None and operator.users[None].password == password:
                return operator.users[None]
        case {"operatorId": str(operator_id), "userName": str(name), "password": str(password)}:
            operator = world.operators.get(operator_id)
            user = operator.users.get(name) if operator else None
            if user is not None and user.password == password:
                return user
        case _:
            raise Refusal("COM0003", "neither email, AuthKey nor user name is given in full")
    raise Refusal("AUM0001")


@handles("auth")
def auth(call: Call) -> Any:
    """Log in, in one of three ways."""
    given = call.body
    seconds = tokens.life(given.get("tokenTimeoutSeconds"))
    user = user_of(call.world, given)
    _one_time_password(call.world, user, given.get("mfaOTPCode"))
    return tokens.shown(tokens.issue(call.world, user, call.token_ttl or seconds))


@handles("switchUser")
def switch_user(call: Call) -> Any:
    """Become a SAM user of an operator that trusts this one, or of one's own."""
    if call.signed_in.switched:
        raise Refusal("AUM0006")
    seconds = tokens.life(
        call.body.get("tokenTimeoutSeconds"), longest=tokens.SWITCHED_LONGEST, default=tokens.SWITCHED_DEFAULT
    )
    target = call.world.operators.get(call.body.get("operatorId", ""))
    name = call.body.get("userName")
    trusting = target is not None and (target is call.operator or call.operator.id in target.trusted)
    user = target.users.get(name) if target is not None and trusting and name else None
    if user is None:
        # Whether the user does not exist or does not trust the asking one is nobody's business.
        raise Refusal("AUM0007")
    return tokens.shown(tokens.issue(call.world, user, call.token_ttl or seconds, switched=True))


@handles("generateAuthToken")
def generate_auth_token(call: Call) -> Any:
    """Give a new token for the API key in hand."""
    seconds = tokens.life(call.body.get("tokenTimeoutSeconds"))
    session = call.signed_in
    made = tokens.issue(
        call.world, session.user, call.token_ttl or seconds, api_key=session.api_key, switched=session.switched
    )
    return {"token": made.token}


@handles("logout")
def logout(call: Call) -> None:
    """Let this session's token die."""
    del call.world.sessions[call.signed_in.token]


@handles("revokeOperatorAuthTokens")
def revoke_tokens(call: Call) -> None:
    """Let all tokens of the operator die, this one too."""
    call.world.close_sessions(operator=call.operator)
