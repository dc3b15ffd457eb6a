"""What a repetition of an operation would do; the document does not say it, so it is decided here.

A POST acts again each time unless the first word of its operationId says that it sets a state. `auth` and its kin are
harmless to repeat: another token. Of the verbs that look like a state, some act all the same.
"""

from __future__ import annotations

from .naming import words

SETTERS = frozenset(
    {
        "activate", "close", "deactivate", "disable", "enable", "observe", "open", "put", "set", "suspend", "terminate",
        "unobserve", "unset", "update",
    }
)  # fmt: skip
"""First words of a POST that sets a state."""

EXCEPTIONS = {
    "activatePaymentMethod": "ACT",  # may charge
    "auth": "SET",
    "batchGetCellLocations": "READ",  # a search whose question does not fit into a query
    "enableMFA": "ACT",  # makes another secret
    "enableUserMFA": "ACT",
    "generateAuthToken": "SET",
    "switchUser": "SET",
    "updateOperatorPassword": "ACT",  # the second time the old password is wrong
    "updateSoraCamDeviceAtomCamFirmware": "ACT",  # starts an update
    "updateUserPassword": "ACT",
}


def effect(operation_id: str, method: str) -> str:
    """Return READ, SET or ACT."""
    if operation_id in EXCEPTIONS:
        return EXCEPTIONS[operation_id]
    if method in ("GET", "HEAD"):
        return "READ"
    if method in ("PUT", "DELETE") or words(operation_id)[0] in SETTERS:
        return "SET"
    return "ACT"
