"""The credentials that services of the platform use; their secrets are never shown."""

from __future__ import annotations

from typing import Any

from ...service.call import Call
from .. import handles

PUBLIC = frozenset({"accessKeyId", "ca", "cert", "clientId", "externalId", "policyName", "roleArn", "username"})
"""The fields that are no secrets. Other fields are not stored, since the emulator does not use them."""


@handles("listCredentials")
def list_credentials(call: Call) -> Any:
    """Return the credentials."""
    return list(call.collection("credential").values())


@handles("createCredential")
def create_credential(call: Call) -> Any:
    """Add credentials."""
    name, kind = call.path["credentials_id"], call.required("type")
    record = {
        "credentialsId": name,
        "createDateTime": call.now // 1000,
        "lastUsedDateTime": 0,  # they are never used, but the field is always present
        "updateDateTime": call.now // 1000,
        "type": kind,
        "description": call.body.get("description") or "",
        "credentials": _public(call.body.get("credentials") or {}),
    }
    return call.collection("credential").put(name, record)


@handles("updateCredential")
def update_credential(call: Call) -> Any:
    """Replace the given fields, and leave the others."""
    record = call.collection("credential").find(call.path["credentials_id"])
    given = {name: call.body[name] for name in ("type", "description") if call.body.get(name) is not None}
    if call.body.get("credentials") is not None:
        given["credentials"] = _public(call.body["credentials"])
    record |= given | {"updateDateTime": call.now // 1000}
    return record


def _public(credentials: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in credentials.items() if name in PUBLIC}


@handles("deleteCredential")
def delete_credential(call: Call) -> None:
    """Remove credentials."""
    call.collection("credential").take(call.path["credentials_id"])
