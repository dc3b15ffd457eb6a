"""The export of SIMs as a file, and their transfer to another operator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...domain.ledger import leave
from ...protocol.errors import Refusal
from ...service.call import Call
from ...state.sims import as_subscriber, number_of
from .. import handles
from ..common.exports import export, table

if TYPE_CHECKING:
    from ...state.world import Mail

PURPOSE = "transfer of SIMs"
COLUMNS = (
    "imsi", "simId", "iccid", "msisdn", "serialNumber", "status", "speedClass", "subscription", "moduleType", "groupId",
    "ipAddress", "createdTime", "lastModifiedTime", "expiryTime", "terminationEnabled",
)  # fmt: skip


def number_named(call: Call, name: str) -> int:
    """Return the number of the SIM of that name, if it is the operator's."""
    number = number_of(name)
    if number is None or number not in call.operator.fleet:
        raise Refusal.no_sim(name)
    return number


@handles("exportSubscribers")
def export_subscribers(call: Call) -> Any:
    """Export all subscribers."""
    fleet = call.operator.fleet
    shown = (as_subscriber(fleet.look(number)) for number in fleet.after(0))
    rows = ((*(sub[name] for name in COLUMNS), sub["tags"].get("name")) for sub in shown)
    return export(call, "subscribers.csv", table((*COLUMNS, "name"), rows))


@handles("issueSubscriberTransferToken")
def issue_transfer_token(call: Call) -> Any:
    """Offer SIMs to another operator."""
    numbers = [number_named(call, imsi) for imsi in call.body["transferImsi"]]
    subject = call.operator, call.body["transferDestinationOperatorId"], numbers
    return {"token": call.world.mail(call.body["transferDestinationOperatorEmail"], PURPOSE, subject).token}


@handles("verifySubscriberTransferToken")
def verify_transfer_token(call: Call) -> Any:
    """Accept the SIMs that were offered to this operator."""
    token = call.body["token"]
    mail = _offer(call, token)
    if mail is None:
        raise Refusal.invalid_token()
    giver, destination, numbers = mail.subject
    if destination != call.operator.id or any(number not in giver.fleet for number in numbers):
        raise Refusal.invalid_token()
    call.world.mails.remove(mail)
    moved = []
    for number in numbers:
        leave(giver, number, call.now)
        sim = giver.fleet.remove(number)
        sim.operator_id, sim.group_id, sim.registered = call.operator.id, None, call.now
        call.operator.fleet.add(sim)
        moved.append(sim.imsi)
    return {"transferredImsi": moved}


@handles("deleteSubscriberTransferToken")
def delete_transfer_token(call: Call) -> None:
    """Withdraw an offer."""
    mail = _offer(call, call.path["token"])
    if mail is None or mail.subject[0] is not call.operator:
        raise Refusal("SEM9029")
    call.world.mails.remove(mail)


def _offer(call: Call, token: str) -> Mail | None:
    mails = (mail for mail in call.world.mails if mail.purpose == PURPOSE and mail.token == token)
    return next(mails, None)
