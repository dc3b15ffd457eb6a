"""SAM users, and the AuthKeys of SAM users and of the root user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...domain.permissions import role_of
from ...protocol.errors import Refusal
from ...protocol.texts import Named
from ...service.call import Call
from .. import handles
from .roles import summary

if TYPE_CHECKING:
    from ...state.accounts import Key, User
    from ...state.world import World


_UNKNOWN_IS_400 = frozenset(
    {
        "deleteUserPermission",
        "deleteUserTrustPolicy",
        "enableUserMFA",
        "getUserMFAStatus",
        "getUserTrustPolicy",
        "revokeUserAuthTokens",
        "revokeUserMFA",
        "updateUserTrustPolicy",
        "verifyUserMFA",
    }
)
"""The operations for which the API document names 400 and no 404."""


def user_in(call: Call) -> User:
    """Return the SAM user that the path names, or the root user if it names none; raises Refusal (404 or 400)."""
    try:
        return call.operator.users[call.path.get("user_name")]
    except KeyError:
        raise Refusal("AUM9011").with_status(400 if call.operation.id in _UNKNOWN_IS_400 else 404) from None


def changed(call: Call) -> User:
    """Return the user of the path, to be changed."""
    user = user_in(call)
    user.modified = call.now
    return user


def shown(world: World, user: User) -> dict[str, Any]:
    """Return a SAM user as the API shows it."""
    answer: dict[str, Any] = {
        "userName": user.name,
        "description": user.description,
        "createDateTime": user.created // 1000,
        "updateDateTime": user.modified // 1000,
        "hasPassword": user.password is not None,
        "authKeyList": [shown_key(key) for key in world.keys_of(user)],
        "roleList": [summary(role_of(user.operator, role_id)) for role_id in user.roles],
    }
    return answer | ({"permission": user.permission} if user.permission is not None else {})


@handles("listUsers", "listRoleAttachedUsers")
def list_users(call: Call) -> Any:
    """Return the SAM users, all or those of a role."""
    role_id = call.path.get("role_id")
    if role_id is not None:
        role_of(call.operator, role_id)
    return [
        shown(call.world, user)
        for name, user in call.operator.users.items()
        if name is not None and (role_id is None or role_id in user.roles)
    ]


@handles("getUser")
def get_user(call: Call) -> Any:
    """Return a SAM user."""
    return shown(call.world, user_in(call))


@handles("createUser")
def create_user(call: Call) -> None:
    """Add a SAM user, who cannot log in yet."""
    name = call.path["user_name"]
    if name in call.operator.users:
        raise Refusal.not_possible("the {0} exists already", Named("user", name))
    call.world.add_user(call.operator, name).description = call.body.get("description") or ""


@handles("updateUser")
def update_user(call: Call) -> None:
    """Set the description."""
    changed(call).description = call.body.get("description") or ""


@handles("deleteUser")
def delete_user(call: Call) -> None:
    """Remove a SAM user, with its AuthKeys and tokens."""
    call.world.remove_user(user_in(call))


@handles("revokeUserAuthTokens")
def revoke_tokens(call: Call) -> None:
    """End all tokens of a SAM user."""
    call.world.close_sessions(user=user_in(call))


def shown_key(key: Key) -> dict[str, Any]:
    """Return an AuthKey without its secret."""
    answer = {"authKeyId": key.id, "createDateTime": key.created // 1000}
    return answer | ({"lastUsedDateTime": key.used // 1000} if key.used is not None else {})


def _key_in(call: Call) -> Key:
    user, key_id = user_in(call), call.path["auth_key_id"]
    key = call.world.keys.get(key_id)
    if key is None or key.user is not user:
        raise Refusal.not_found("AuthKey", key_id)
    return key


@handles("listOperatorAuthKeys", "listUserAuthKeys")
def list_auth_keys(call: Call) -> Any:
    """Return the AuthKeys of a user."""
    return [shown_key(key) for key in call.world.keys_of(user_in(call))]


@handles("generateOperatorAuthKey", "generateUserAuthKey")
def generate_auth_key(call: Call) -> Any:
    """Make an AuthKey; only this answer shows its secret."""
    key = call.world.add_key(user_in(call))
    return {"authKeyId": key.id, "authKey": key.secret}


@handles("getUserAuthKey")
def get_auth_key(call: Call) -> Any:
    """Return an AuthKey."""
    return shown_key(_key_in(call))


@handles("deleteOperatorAuthKey", "deleteUserAuthKey")
def delete_auth_key(call: Call) -> None:
    """Remove an AuthKey."""
    del call.world.keys[_key_in(call).id]
