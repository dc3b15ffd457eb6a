"""Logging in, renewing, switching, logging out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...domain import passcodes, permissions, tokens
from ...protocol.errors import Refusal
from ...service.call import Call
from .. import handles

if TYPE_CHECKING:
    from ...state.accounts import Operator, User
    from ...state.world import World


def _by_key(world: World, key_id: str, secret: str) -> User:
    key = world.keys.get(key_id)
    if key is None or key.secret != secret:
        raise Refusal("AUM0002")
    key.used = world.milliseconds()
    return key.user


def user_of(world: World, given: dict[str, Any]) -> User:
    """Return the user of the credentials in a login's body; only logins with a password need a second factor."""
    operator: Operator | None
    name: str | None = None
    match given:
        case {"authKeyId": str(key_id), "authKey": str(secret)}:
            return _by_key(world, key_id, secret)
        case {"email": str(email), "password": str(password)}:
            operator = world.operator_of(email)
        case {"operatorId": str(operator_id), "userName": str(name), "password": str(password)}:
            operator = world.operators.get(operator_id)
        case _:
            raise Refusal.invalid("neither an email address, an AuthKey nor a SAM user is given in full")
    user = operator.users.get(name) if operator is not None else None
    if user is None or user.password != password:
        raise Refusal("AUM0002")
    if user.mfa_enabled and not passcodes.accepts(user.mfa_secret or "", given.get("mfaOTPCode") or "", world.wall()):
        raise Refusal("AUM9004")
    return user


@handles("auth")
def auth(call: Call) -> Any:
    """Log in, in one of three ways."""
    given = call.body
    seconds = tokens.life(given.get("tokenTimeoutSeconds"))
    call.session = tokens.issue(call.world, user_of(call.world, given), call.token_ttl or seconds)
    return tokens.shown(call.session)


@handles("switchUser")
def switch_user(call: Call) -> Any:
    """Switch to a SAM user whose trust policy allows it."""
    if call.signed_in.switched:
        raise Refusal("AUM9026")
    seconds = tokens.life(
        call.body.get("tokenTimeoutSeconds"), longest=tokens.SWITCHED_LONGEST_S, default=tokens.SWITCHED_DEFAULT_S
    )
    operator, name = call.world.operators.get(call.required("operatorId")), call.required("userName")
    user = operator.users.get(name) if operator is not None else None
    # The answer does not show whether the user does not exist or does not trust the caller.
    if user is None or user is call.user or not permissions.may_switch(call.world, call.user, user, call.request):
        raise Refusal("AUM9015")
    return tokens.shown(tokens.issue(call.world, user, call.token_ttl or seconds, switched=True))


@handles("generateAuthToken")
def generate_auth_token(call: Call) -> Any:
    """Issue a new token for the present API key."""
    seconds = tokens.life(call.body.get("tokenTimeoutSeconds"))
    session = call.signed_in
    made = tokens.issue(
        call.world, session.user, call.token_ttl or seconds, api_key=session.api_key, switched=session.switched
    )
    return {"token": made.token}


@handles("logout")
def logout(call: Call) -> None:
    """End this session's API key, and each token that was issued for it."""
    api_key = call.signed_in.api_key
    call.world.sessions = {
        token: session for token, session in call.world.sessions.items() if session.api_key != api_key
    }


@handles("revokeOperatorAuthTokens")
def revoke_tokens(call: Call) -> None:
    """End all tokens of the operator, with this one."""
    call.world.close_sessions(operator=call.operator)
