"""The permissions, roles and trust policies of SAM users."""

from __future__ import annotations

from typing import Any

from ...domain import policies
from ...domain.permissions import DEFAULT, role_of
from ...protocol.errors import Refusal
from ...service.call import Call
from .. import handles
from .users import changed, user_in


@handles("getUserPermission")
def get_permission(call: Call) -> Any:
    """Return a user's own permission; empty if there is none."""
    return {"permission": user_in(call).permission or ""}


@handles("updateUserPermission")
def update_permission(call: Call) -> None:
    """Set a user's own permission."""
    policies.permission(call.body["permission"])
    changed(call).permission = call.body["permission"]


@handles("deleteUserPermission")
def delete_permission(call: Call) -> None:
    """Remove a user's own permission."""
    changed(call).permission = None


@handles("getDefaultPermissions")
def get_default(call: Call) -> Any:
    """Return the default permission of all SAM users; empty if there is none."""
    return {"defaultPermissions": call.operator.records.get(DEFAULT, "")}


@handles("updateDefaultPermissions")
def update_default(call: Call) -> None:
    """Set the default permission of all SAM users."""
    policies.permission(call.body["permissions"])
    call.operator.records[DEFAULT] = call.body["permissions"]


@handles("deleteDefaultPermissions")
def delete_default(call: Call) -> None:
    """Remove the default permission of all SAM users."""
    call.operator.records.pop(DEFAULT, None)


@handles("getUserTrustPolicy")
def get_trust_policy(call: Call) -> Any:
    """Return the trust policy of a user; empty if there is none."""
    return {"trustPolicy": user_in(call).trust_policy or ""}


@handles("updateUserTrustPolicy")
def update_trust_policy(call: Call) -> None:
    """Set the trust policy of a user."""
    policy = call.body.get("trustPolicy") or ""
    policies.trust_policy(policy)
    changed(call).trust_policy = policy


@handles("deleteUserTrustPolicy")
def delete_trust_policy(call: Call) -> None:
    """Remove the trust policy of a user."""
    changed(call).trust_policy = None


@handles("listUserRoles")
def list_roles(call: Call) -> Any:
    """Return the roles of a user."""
    return [role_of(call.operator, role_id) for role_id in user_in(call).roles]


@handles("attachRole")
def attach_role(call: Call) -> None:
    """Give a user a role."""
    user, role_id = user_in(call), call.required("roleId")
    try:
        role_of(call.operator, role_id)
    except Refusal:
        raise Refusal.unknown("role", role_id) from None
    if role_id in user.roles:
        raise Refusal.not_possible("the role {0} is attached already", role_id)
    changed(call).roles.append(role_id)


@handles("detachRole")
def detach_role(call: Call) -> None:
    """Take a role from a user."""
    role_id = call.path["role_id"]
    if role_id not in user_in(call).roles:
        raise Refusal.not_found("role", role_id)
    changed(call).roles.remove(role_id)
