"""Passwords of the root user and of SAM users; a change ends the user's tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...domain import permissions
from ...protocol.errors import Refusal
from ...protocol.texts import Named
from ...service.call import Call
from .. import handles
from .users import user_in

if TYPE_CHECKING:
    from ...state.accounts import Operator, User
    from ...state.world import World

RESET = "password reset"


def operator_by_mail(world: World, purpose: str, token: str) -> Operator:
    """Return the operator of a mailed token; raises Refusal if the token is not valid."""
    try:
        return world.operators[world.redeem(purpose, token)]
    except KeyError:
        raise Refusal.invalid_token() from None


def _set(call: Call, user: User, password: str | None) -> None:
    user.password, user.modified = password, call.now
    call.world.close_sessions(user=user)


@handles("updateOperatorPassword", "updateUserPassword")
def update_password(call: Call) -> None:
    """Set a password; the present one is needed. Only the root user can set its own."""
    user = user_in(call)
    if user.name is None and call.user is not user:
        raise permissions.refusal(call.user, call.operation)
    if call.body["currentPassword"] != user.password:
        raise Refusal.wrong_password()
    _set(call, user, call.required("newPassword"))


@handles("hasUserPassword")
def has_password(call: Call) -> Any:
    """Tell whether a SAM user has a password."""
    return {"hasPassword": user_in(call).password is not None}


@handles("createUserPassword")
def create_password(call: Call) -> None:
    """Give a SAM user its first password."""
    user = user_in(call)
    if user.password is not None:
        raise Refusal.not_possible("the user has a password already")
    _set(call, user, call.required("password"))


@handles("deleteUserPassword")
def delete_password(call: Call) -> None:
    """Remove a SAM user's password."""
    user = user_in(call)
    if user.password is None:
        raise Refusal.absent("The {0} has no password.", Named("user", user.name))
    _set(call, user, None)


@handles("issuePasswordResetToken")
def issue_reset_token(call: Call) -> None:
    """Send a token by mail; an unknown address is refused.

    That it is an error was seen once, in 2019, without its status and code: the status is that of the API document. The
    code was AUM0004, and AUM0015 from June 2016 on; today's is not known, so a guessed one is sent.
    """
    operator = call.world.operator_of(call.body["email"])
    if operator is None:
        raise Refusal("AUM9011").with_status(400)
    call.world.mail(operator.email, RESET, operator.id)


@handles("verifyPasswordResetToken")
def verify_reset_token(call: Call) -> None:
    """Set the root user's password with the token from the mail."""
    password = call.required("password")  # before the token, which can be used once
    operator = operator_by_mail(call.world, RESET, call.body["token"])
    _set(call, operator.users[None], password)
