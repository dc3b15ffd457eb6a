"""Roles: permissions that several users share. Some are the operator's own, others are managed by Soracom."""

from __future__ import annotations

from typing import Any

from ...domain import policies
from ...domain.permissions import MANAGED, role_of
from ...protocol.errors import Refusal
from ...protocol.texts import Named
from ...service.call import Call
from .. import handles


def summary(role: dict[str, Any]) -> dict[str, Any]:
    """Return a role as a listing shows it: without its permission."""
    return {name: value for name, value in role.items() if name != "permission"}


@handles("listRoles")
def list_roles(call: Call) -> Any:
    """Return the operator's roles, the managed roles, or all."""
    owner = call.query.get("owner", "operator")
    if owner not in ("operator", "soracom", "all"):
        raise Refusal.invalid("{0} is not one of {1}", "owner", ("operator", "soracom", "all"))
    roles = [*call.collection("role").values(), *MANAGED.values()]
    return [summary(role) for role in roles if owner in (role["owner"], "all")]


@handles("getRole")
def get_role(call: Call) -> Any:
    """Return a role."""
    return role_of(call.operator, call.path["role_id"])


@handles("createRole")
def create_role(call: Call) -> Any:
    """Make a role."""
    role_id = call.path["role_id"]
    if role_id in call.collection("role") or role_id.startswith("srn:"):
        raise Refusal.not_possible("the {0} exists already or is reserved", Named("role", role_id))
    role = {"roleId": role_id, "roleName": role_id, "owner": "operator", "createDateTime": call.now // 1000}
    call.collection("role")[role_id] = role | _said(call)
    return {"roleId": role_id}


@handles("updateRole")
def update_role(call: Call) -> None:
    """Set permission and description of a role."""
    call.collection("role").find(call.path["role_id"]).update(_said(call))


def _said(call: Call) -> dict[str, Any]:
    policies.permission(call.body["permission"])
    return {
        "permission": call.body["permission"],
        "description": call.body.get("description") or "",
        "updateDateTime": call.now // 1000,
    }


@handles("deleteRole")
def delete_role(call: Call) -> None:
    """Remove a role that no user has."""
    role_id = call.path["role_id"]
    call.collection("role").find(role_id)
    if any(role_id in user.roles for user in call.operator.users.values()):
        raise Refusal.not_possible("the role {0} is still attached to a user", role_id)
    call.collection("role").take(role_id)


@handles("listRoleVersions")
def list_versions(call: Call) -> Any:
    """Return the versions of a managed role; the operator's own roles have no versions."""
    role_id = call.path["role_id"]
    if role_id in call.collection("role"):
        raise Refusal.invalid("the role {0} is not a managed role", role_id)
    role = role_of(call.operator, role_id)
    shown = {name: role[name] for name in ("roleId", "roleName", "owner", "description", "permission")}
    return [shown | {"version": 1, "publishDateTime": role["createDateTime"]}]
