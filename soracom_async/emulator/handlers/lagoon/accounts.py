"""The Lagoon account of an operator: its registration, its users and its license packs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...domain import permissions
from ...protocol.errors import Refusal
from ...service.call import Call
from ...state.collections import visible
from .. import handles

if TYPE_CHECKING:
    from ...state.collections import Record

PLANS = ("free", "maker", "pro")
ROLES = ("Viewer", "Editor")
PACKS = ("basicUser", "basicDashboard")
ICON = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><circle cx="4" cy="4" r="4"/></svg>'


def _lagoon(call: Call) -> Record:
    """Return the operator's Lagoon account."""
    lagoon: Record | None = call.operator.records.get("lagoon")
    if lagoon is None:
        raise Refusal.not_possible("Lagoon is not registered")
    return lagoon


def _as_root(call: Call) -> None:
    if call.user.name is not None:
        raise permissions.refusal(call.user, call.operation)


def _one_of(call: Call, name: str, values: tuple[str, ...]) -> str:
    value: str = call.required(name)
    if value not in values:
        raise Refusal.invalid("{0} is not one of {1}", f"body.{name}", values)
    return value


@handles("registerLagoon")
def register(call: Call) -> Any:
    """Register with Lagoon; the first user is the operator itself."""
    _as_root(call)
    plan, password = _one_of(call, "plan", PLANS), call.required("userPassword")
    if "lagoon" in call.operator.records:
        raise Refusal.not_possible("Lagoon is registered already")
    call.operator.records["lagoon"] = lagoon = {"plan": plan, "packs": dict.fromkeys(PACKS, 0), "users": {}, "made": 0}
    _add_user(lagoon, call.operator.email, password, "Editor")
    return {"lagoonUserEmail": call.operator.email}


@handles("terminateLagoon")
def terminate(call: Call) -> None:
    """End the registration, with all its users."""
    _as_root(call)
    _lagoon(call)
    del call.operator.records["lagoon"]


@handles("updateLagoonPlan")
def update_plan(call: Call) -> None:
    """Change the plan."""
    _as_root(call)
    _lagoon(call)["plan"] = _one_of(call, "plan", PLANS)


@handles("listLagoonLicensePackStatus")
def list_packs(call: Call) -> Any:
    """Return how many license packs there are."""
    return [{"licensePackName": name, "quantity": quantity} for name, quantity in _lagoon(call)["packs"].items()]


@handles("updateLagoonLicensePack")
def update_packs(call: Call) -> None:
    """Change how many license packs there are."""
    _as_root(call)
    packs, wanted = _lagoon(call)["packs"], {}
    for each in call.body.get("licensePackQuantities") or ():
        name, quantity = each.get("licensePackName"), each.get("desiredQuantity")
        if name not in PACKS or quantity is None or quantity < 0:
            raise Refusal.invalid("{0} is not a list of quantities of {1}", "body.licensePackQuantities", PACKS)
        wanted[name] = quantity
    packs |= wanted


@handles("getImageLink")
def image_link(call: Call) -> Any:
    """Return the URL of the custom icon."""
    _lagoon(call)
    return call.offer(ICON, "image/svg+xml")


@handles("listLagoonUsers")
def list_users(call: Call) -> Any:
    """Return the users."""
    return [visible(user) for user in _lagoon(call)["users"].values()]


@handles("createLagoonUser")
def create_user(call: Call) -> Any:
    """Add a user."""
    lagoon, email = _lagoon(call), _new_email(call)
    return {"id": _add_user(lagoon, email, call.required("userPassword"), _one_of(call, "role", ROLES))}


@handles("deleteLagoonUser")
def delete_user(call: Call) -> None:
    """Remove a user."""
    del _lagoon(call)["users"][str(_user(call)["id"])]


@handles("updateLagoonUserEmail")
def update_email(call: Call) -> None:
    """Change a user's address."""
    _user(call)["email"] = _new_email(call)


@handles("updateLagoonUserPassword")
def update_password(call: Call) -> None:
    """Change a user's password."""
    user = _user(call)
    if call.body.get("oldPassword") != user["_password"]:
        raise Refusal.wrong_password()
    user["_password"] = call.required("newPassword")


@handles("updateLagoonUserPermission")
def update_permission(call: Call) -> None:
    """Change a user's role."""
    _user(call)["role"] = _one_of(call, "role", ROLES)


def _user(call: Call) -> Record:
    """Return the user of the path."""
    user: Record | None = _lagoon(call)["users"].get(call.path["lagoon_user_id"])
    if user is None:
        raise Refusal.not_found("Lagoon user", call.path["lagoon_user_id"])
    return user


def _add_user(lagoon: Record, email: str, password: str, role: str) -> int:
    lagoon["made"] += 1
    number: int = lagoon["made"]
    lagoon["users"][str(number)] = {
        "id": number,
        "email": email,
        "role": role,
        "lastSeenAt": None,
        "lastSeenAtAge": None,
        "_password": password,
    }
    return number


def _new_email(call: Call) -> str:
    email: str = call.required("userEmail")
    if any(user["email"] == email for user in _lagoon(call)["users"].values()):
        raise Refusal.exists("Lagoon user", email)
    return email
