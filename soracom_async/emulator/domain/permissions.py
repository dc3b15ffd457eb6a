"""The permissions of a SAM user: its own, those of its roles, and the operator's default."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ..protocol.errors import Refusal
from ..state.world import EPOCH
from . import policies
from .conditions import Facts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..._core.operation import Operation
    from ..protocol.messages import Request
    from ..state.accounts import Operator, Session, User
    from ..state.world import World

DEFAULT = "default permissions"
"""The key of an operator's default permission, which applies to all its SAM users, in its records."""

Role = dict[str, Any]
"""A role as the API shows it."""


def _managed(name: str, description: str, *operations: str) -> Role:
    allowed = ",".join(f'"{operation}"' for operation in operations)
    return {
        "roleId": f"srn:soracom:::Role:{name}",
        "roleName": name,
        "owner": "soracom",
        "description": description,
        "permission": f'{{"statements":[{{"effect":"allow","api":[{allowed}]}}]}}',
        "createDateTime": EPOCH,
        "updateDateTime": EPOCH,
    }


ADMINISTRATOR = "srn:soracom:::Role:AdministratorAccess"
"""The identifier of the managed role that allows everything."""
MANAGED: dict[str, Role] = {
    role["roleId"]: role
    for role in (
        _managed("AdministratorAccess", "Everything", "*"),
        _managed("ReadOnlyAccess", "Whatever changes nothing", "*:get*", "*:list*", "*:search*", "*:find*"),
        _managed("BillingAccess", "Bills and payments", "Billing:*", "Payment:*"),
    )
}
"""The roles that every operator has from the beginning."""


def role_of(operator: Operator, role_id: str) -> Role:
    """Return a role of the operator, or a managed role; raises Refusal (404)."""
    return MANAGED.get(role_id) or operator.collection("role").find(role_id)


def documents(user: User) -> tuple[str, ...]:
    """Return the permission documents that apply to a user; none applies to a root user."""
    if user.name is None:
        return ()
    roles = (role_of(user.operator, role_id)["permission"] for role_id in user.roles)
    every = (user.permission, user.operator.records.get(DEFAULT), *roles)
    return tuple(document for document in every if document is not None)


_ALWAYS = "logout"
"""The only operation that needs no permission, as the API document says."""
_OTHERWISE = {
    "deleteGadgetTag": "deleteTag",
    "deleteGroupTag": "deleteTag",
    "deleteLoraDeviceTag": "deleteTag",
    "deleteSigfoxDeviceTag": "deleteTag",
    "deleteSimTag": "deleteTag",
    "deleteSubscriberTag": "deleteTag",
    "listSubscribersInGroup": "listSubscribers",
    "putGroupTags": "putTags",
    "putSimTags": "putTags",
    "putSubscriberTags": "putTags",
}
"""The names of operations in permissions that differ from the operationId; both names are accepted."""


def name_of(operation: Operation[Any]) -> str:
    """Return the name of an operation in permissions: `Sim:listSims`."""
    return f"{operation.group}:{_OTHERWISE.get(operation.id, operation.id)}"


def refusal(user: User, operation: Operation[Any]) -> Refusal:
    """Return the 403 that names a SAM user and the permission that it lacks."""
    return Refusal.forbidden(user.name or "", name_of(operation))


_FOREIGN = {
    "deleteDefaultPermissions": 404,
    "deleteUserPermission": 400,
    "generateSupportToken": 400,
    "getDefaultPermissions": 404,
    "getOperator": 400,
    "revokeOperatorAuthTokens": 400,
    "revokeUserAuthTokens": 400,
    "sandboxDeleteOperator": 400,
}
"""The statuses that the API document names for another operator's identifier; elsewhere 403 is a guess."""


def check_operator(session: Session, operation: Operation[Any], path: Mapping[str, str]) -> None:
    """Refuse a path that names another operator than the user's own."""
    own = session.user.operator.id
    if path.get("operator_id", own) != own:
        raise Refusal.foreign_operator().with_status(_FOREIGN.get(operation.id, 403))


def facts(world: World, user: User, request: Request, path: Mapping[str, str]) -> Facts:
    """Return the facts that the conditions of a document ask for."""
    return Facts(user.name or "", request.address, datetime.fromtimestamp(world.wall(), UTC).date(), path)


def check(world: World, session: Session, operation: Operation[Any], path: Mapping[str, str], request: Request) -> None:
    """Refuse (403) what no permission of the session's user allows; a root user may do everything."""
    user = session.user
    if user.name is None or operation.id == _ALWAYS:
        return
    statements = [each for document in session.permissions for each in policies.permission(document)]
    names = {f"{operation.group}:{operation.id}", name_of(operation)}
    if not policies.allow(statements, names, facts(world, user, request, path)):
        raise refusal(user, operation)


def may_switch(world: World, source: User, target: User, request: Request) -> bool:
    """Tell whether a user may switch to `target`; without a trust policy, only users of the same operator may."""
    own = source.operator is target.operator
    if target.trust_policy is None:
        return own or source.operator.id in target.operator.trusted
    operator_id = source.operator.id
    kind, name = ("Operator", operator_id) if source.name is None else ("User", source.name)
    srn = f"srn:soracom:{operator_id}::{kind}:{name}"
    return policies.allow(policies.trust_policy(target.trust_policy), [srn], facts(world, source, request, {}))
