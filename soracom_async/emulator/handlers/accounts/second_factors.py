"""The second factor of the root user and of SAM users."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ...domain import passcodes, permissions
from ...protocol.errors import Refusal
from ...service.call import Call
from .. import handles
from .passwords import operator_by_mail
from .users import user_in

if TYPE_CHECKING:
    from ...state.accounts import User

REVOCATION = "MFA revocation"
SECRET_BYTES = 10
"""16 characters of base32."""
BACKUP_CODES = 5
"""How many there are, each of 8 digits; seen in 2019."""


def _own(call: Call) -> User:
    """Return the user of the path; only the root user can change its own second factor."""
    user = user_in(call)
    if user.name is None and call.user is not user:
        raise permissions.refusal(call.user, call.operation)
    return user


@handles("enableMFA", "enableUserMFA")
def enable(call: Call) -> Any:
    """Start to enable a second factor; the answer is the URI for an authenticator."""
    user = _own(call)
    if user.mfa_enabled:
        raise Refusal.wrong_mfa_state()
    user.mfa_secret = base64.b32encode(call.world.random.randbytes(SECRET_BYTES)).decode()
    # As seen in 2019, of a root user only: what follows the operator of a SAM user is a guess.
    account = call.operator.id if user.name is None else f"{call.operator.id}/{quote(user.name, safe='')}"
    return {"totpUri": f"otpauth://totp/SORACOM:{account}?secret={user.mfa_secret}&issuer=SORACOM"}


@handles("verifyMFA", "verifyUserMFA")
def verify(call: Call) -> Any:
    """Confirm the second factor; later logins need it. Only the root user gets backup codes."""
    user = _own(call)
    if user.mfa_secret is None or user.mfa_enabled:
        raise Refusal.wrong_mfa_state()
    if not passcodes.accepts(user.mfa_secret, call.body.get("mfaOTPCode") or "", call.world.wall()):
        raise Refusal.invalid("the one-time password is not right")
    user.mfa_enabled = True
    if user.name is not None:
        return None
    user.backup_codes = [f"{call.world.random.randrange(10**8):08d}" for _ in range(BACKUP_CODES)]
    return {"backupCodes": user.backup_codes}


@handles("getMFAStatus", "getUserMFAStatus")
def status(call: Call) -> Any:
    """Return the state of the second factor."""
    user = user_in(call)
    begun = "INACTIVE" if user.mfa_secret is None else "UNCONFIRMED"
    return {"status": "ACTIVE" if user.mfa_enabled else begun}


@handles("revokeMFA")
def revoke(call: Call) -> None:
    """Disable the root user's second factor; the password is needed."""
    user = _own(call)
    if call.body["password"] != user.password:
        raise Refusal.wrong_password()
    _end(user)


@handles("revokeUserMFA")
def revoke_of_user(call: Call) -> None:
    """Disable a SAM user's second factor."""
    _end(user_in(call))


def _end(user: User) -> None:
    if user.mfa_secret is None:
        raise Refusal.wrong_mfa_state()
    user.mfa_enabled, user.mfa_secret, user.backup_codes = False, None, []


def _root_by_password(call: Call, otherwise: Refusal) -> User:
    operator, password = call.world.operator_of(call.required("email")), call.required("password")
    if operator is None or operator.users[None].password != password:
        raise otherwise
    return operator.users[None]


@handles("issueMFARevokingToken")
def issue_revoking_token(call: Call) -> None:
    """Send a token by mail; with it and a backup code, the second factor can be disabled."""
    user = _root_by_password(call, otherwise=Refusal("AUM9011"))
    if not user.mfa_enabled:
        raise Refusal.wrong_mfa_state()
    call.world.mail(user.operator.email, REVOCATION, user.operator.id)


@handles("verifyMFARevokingToken")
def verify_revoking_token(call: Call) -> None:
    """Disable the second factor with a backup code and the token from the mail."""
    user = _root_by_password(call, otherwise=Refusal("AUM9016"))
    by_code = call.body.get("backupCode") in user.backup_codes
    if not by_code or operator_by_mail(call.world, REVOCATION, call.body.get("token") or "") is not user.operator:
        raise Refusal.invalid_token()
    _end(user)
