"""The email addresses of an operator, and which of them gets which mail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...protocol.errors import Refusal
from ...service.call import Call
from .. import handles

if TYPE_CHECKING:
    from ...state.accounts import Operator
    from ...state.collections import Collection
    from ...state.world import World

ADDITION = "email addition"
TYPES = ("primary", "recovery", "billing", "support")


def _add(world: World, operator: Operator, email: str, at: int) -> str:
    email_id = world.uuid()
    record = {"emailId": email_id, "email": email, "verified": True}
    operator.collection("email").put(email_id, record | {"createDateTime": at, "updateDateTime": at})
    return email_id


def _emails(world: World, operator: Operator) -> Collection:
    """Return the addresses; the first one is that of the sign-up, which is the primary one at first."""
    collection = operator.collection("email")
    if not collection:
        at = operator.created // 1000
        first = _add(world, operator, operator.email, at)
        operator.collection("system notification")["primary"] = {
            "type": "primary",
            "emailIdList": [first],
            "updateDateTime": at,
        }
    return collection


def _notifications(call: Call) -> Collection:
    _emails(call.world, call.operator)
    return call.collection("system notification")


def _root_only(call: Call) -> None:
    if call.user.name is not None:
        raise Refusal("AUM9014")


@handles("listEmails")
def list_emails(call: Call) -> Any:
    """Return the addresses."""
    _root_only(call)
    return list(_emails(call.world, call.operator).values())


@handles("getEmail")
def get_email(call: Call) -> Any:
    """Return an address."""
    return _emails(call.world, call.operator).find(call.path["email_id"])


@handles("deleteEmail")
def delete_email(call: Call) -> None:
    """Remove an address that gets no mail."""
    email_id = call.path["email_id"]
    for notification in _notifications(call).values():
        if email_id in notification["emailIdList"]:
            raise Refusal.not_possible("the email address gets notifications of the type {0}", notification["type"])
    call.collection("email").take(email_id)


@handles("issueAddEmailToken")
def issue_token(call: Call) -> None:
    """Send a token to an address that is to be added."""
    _root_only(call)
    email = call.body["email"]
    if call.body["password"] != call.user.password:
        raise Refusal.wrong_password()
    if any(email == record["email"] for record in _emails(call.world, call.operator).values()):
        raise Refusal.email_taken(email)
    call.world.mail(email, ADDITION, {"operatorId": call.operator.id, "email": email})


@handles("verifyAddEmailToken")
def verify_token(call: Call) -> None:
    """Add the address to which the token went."""
    subject = call.world.redeem(ADDITION, call.body["token"])
    operator = call.world.operators.get(subject["operatorId"])
    if operator is None or any(
        subject["email"] == record["email"] for record in _emails(call.world, operator).values()
    ):
        raise Refusal.invalid_token()
    _add(call.world, operator, subject["email"], call.now // 1000)


@handles("listSystemNotifications")
def list_notifications(call: Call) -> Any:
    """Return which addresses get which mail."""
    return list(_notifications(call).values())


@handles("getSystemNotification")
def get_notification(call: Call) -> Any:
    """Return which addresses get the mail of a type."""
    return _notifications(call).find(call.path["type"])


@handles("setSystemNotification")
def set_notification(call: Call) -> Any:
    """Set which addresses get the mail of a type; the root user logs in with the primary one."""
    kind, ids = call.path["type"], list(dict.fromkeys(call.body["emailIdList"]))
    if kind not in TYPES:
        raise Refusal.invalid("{0} is not one of {1}", "type", TYPES)
    collection = _notifications(call)
    addresses = [call.collection("email").find(email_id)["email"] for email_id in ids]
    if kind == "primary":
        _set_primary(call, addresses)
    record = {"type": kind, "emailIdList": ids, "updateDateTime": call.now // 1000}
    collection[kind] = record
    return record


def _set_primary(call: Call, addresses: list[str]) -> None:
    _root_only(call)
    if call.body.get("password") != call.user.password:
        raise Refusal.wrong_password()
    if len(addresses) != 1:
        raise Refusal.invalid("there must be exactly one primary email address")
    if call.world.operator_of(addresses[0]) not in (None, call.operator):
        raise Refusal.email_taken(addresses[0])
    call.operator.email = addresses[0]


@handles("deleteSystemNotification")
def delete_notification(call: Call) -> None:
    """Remove all addresses from the mail of a type."""
    if call.path["type"] == "primary":
        raise Refusal.invalid("the primary email address cannot be removed")
    _notifications(call).take(call.path["type"])
