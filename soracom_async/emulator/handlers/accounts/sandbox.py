"""Operators that sign up and are deleted through the API, as in the API Sandbox."""

from __future__ import annotations

from typing import Any

from ...domain import mail_addresses, tokens
from ...protocol.errors import Refusal
from ...service.call import Call
from .. import handles

SIGN_UP = "sign-up"


def _check_email(call: Call, email: str) -> None:
    if call.world.operator_of(email) is not None:
        raise Refusal.email_taken(email)


def _check_key(call: Call) -> None:
    """Refuse a missing or wrong AuthKey; an unknown one passes, since the emulator knows no real accounts."""
    key_id, secret = call.required("authKeyId"), call.required("authKey")
    key = call.world.keys.get(key_id)
    if key is not None and key.secret != secret:
        raise Refusal.invalid("the AuthKey is not right")


@handles("sandboxInitializeOperator")
def initialize_operator(call: Call) -> Any:
    """Sign up an operator, without anything that is bought or made, and log it in."""
    email, password = call.body["email"], call.required("password")
    _check_key(call)
    _check_email(call, email)
    operator = call.world.add_operator(email, password)
    # The official command line sends its profile, which has another name for one coverage type.
    wanted = call.body.get("coverageTypes") or [call.body.get("coverageType") or "jp"]
    operator.coverages = [coverage for coverage in dict.fromkeys(wanted) if coverage in ("jp", "g")]
    call.session = tokens.issue(call.world, operator.users[None], call.token_ttl or tokens.DEFAULT_S)
    return tokens.shown(call.session)


@handles("sandboxGetSignupToken")
def get_signup_token(call: Call) -> Any:
    """Return the token that a sign-up would send by mail."""
    email = call.path["email"]
    mail_addresses.check(email, "email")
    _check_key(call)
    _check_email(call, email)
    return {"token": call.world.mail(email, SIGN_UP, None).token}


@handles("sandboxDeleteOperator")
def delete_operator(call: Call) -> None:
    """Remove the operator with all its data; this session ends as well."""
    call.world.remove_operator(call.operator)
