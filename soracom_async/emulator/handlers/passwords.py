"""Passwords, and the second factor."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from .. import passcodes
from ..refusals import Refusal
from . import Call, handles

if TYPE_CHECKING:
    from ..world import User


@handles("updateOperatorPassword")
def update_password(call: Call) -> None:
    """Set the root user's password; the tokens of the old one die."""
    root = call.operator.users[None]
    if call.user is not root:
        raise Refusal("AUM0007")
    if call.body["currentPassword"] != root.password:
        raise Refusal("AUM0008")
    _set_password(call, root, call.body["newPassword"])


def _set_password(call: Call, user: User, password: str) -> None:
    if not password:
        raise Refusal("COM0003", "the new password is empty")
    user.password = password
    call.world.close_sessions(user=user)


@handles("issuePasswordResetToken")
def issue_password_reset_token(call: Call) -> None:
    """Send a token by mail; an unknown address gets none and learns nothing."""
    operator = call.world.operator_of(call.body["email"])
    if operator is not None:
        call.world.mail(operator.email, "password reset", operator.users[None])


@handles("verifyPasswordResetToken")
def verify_password_reset_token(call: Call) -> None:
    """Set a password by the token that came by mail."""
    user = call.world.redeem("password reset", call.body["token"])
    if user is None:
        raise Refusal("AUM0012")
    _set_password(call, user, call.body["password"])


@handles("enableMFA")
def enable_mfa(call: Call) -> Any:
    """Begin with a second factor: the answer is what an authenticator scans."""
    user = call.user
    if user.mfa_enabled:
        raise Refusal("AUM0010")
    user.mfa_secret = base64.b32encode(call.world.random.randbytes(20)).decode()
    label = quote(f"Soracom:{user.name or call.operator.email}")
    return {"totpUri": f"otpauth://totp/{label}?secret={user.mfa_secret}&issuer=Soracom"}


@handles("verifyMFA")
def verify_mfa(call: Call) -> Any:
    """Prove the second factor; from now on a login needs it."""
    user = call.user
    if user.mfa_secret is None or user.mfa_enabled:
        raise Refusal("AUM0010")
    if not passcodes.accepts(user.mfa_secret, call.body.get("mfaOTPCode") or "", call.world.wall()):
        raise Refusal("AUM0004")
    user.mfa_enabled = True
    user.backup_codes = [call.world.secret(8) for _ in range(10)]
    return {"backupCodes": user.backup_codes}


@handles("getMFAStatus")
def mfa_status(call: Call) -> Any:
    """Tell whether there is a second factor."""
    return {"status": "Enabled" if call.user.mfa_enabled else "Disabled"}


@handles("revokeMFA")
def revoke_mfa(call: Call) -> None:
    """End the second factor, by the password."""
    user = call.user
    if call.body["password"] != user.password:
        raise Refusal("AUM0008")
    if not user.mfa_enabled:
        raise Refusal("AUM0010")
    _end_mfa(user)


def _end_mfa(user: User) -> None:
    user.mfa_enabled, user.mfa_secret, user.backup_codes = False, None, []


def _root_by_password(call: Call) -> User:
    operator = call.world.operator_of(call.body.get("email") or "")
    if operator is None or operator.users[None].password != call.body.get("password"):
        raise Refusal("AUM0011")
    return operator.users[None]


@handles("issueMFARevokingToken")
def issue_mfa_revoking_token(call: Call) -> None:
    """Send a token by mail with which the second factor can be ended."""
    user = _root_by_password(call)
    if not user.mfa_enabled:
        raise Refusal("AUM0010")
    call.world.mail(user.operator.email, "MFA revocation", user)


@handles("verifyMFARevokingToken")
def verify_mfa_revoking_token(call: Call) -> None:
    """End the second factor by the token that came by mail, or by a backup code."""
    user = _root_by_password(call)
    by_code = call.body.get("backupCode") in user.backup_codes
    by_mail = call.world.redeem("MFA revocation", call.body.get("token") or "") is user
    if not by_code and not by_mail:
        raise Refusal("AUM0012")
    _end_mfa(user)
