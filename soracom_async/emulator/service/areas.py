"""The areas of the API, each with a prefix of its error codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..._core.operation import Operation

COMMON = "COM"
"""The prefix of all other operations, and of requests that lead to none."""

AREAS: dict[str, str] = {
    "Analysis": "ANA",
    "SoraCam": "SCA",
    "Soralet": "SLM",
    **dict.fromkeys(("Billing", "Payment", "API Sandbox: Coupon"), "BIL"),
    **dict.fromkeys(("Auth", "Credential", "Email", "Operator", "Role", "User", "API Sandbox: Operator"), "AUM"),
    **dict.fromkeys(
        (
            "Diagnostic", "EventHandler", "Group", "Log", "PortMapping", "Query", "Sim", "Stats", "Subscriber",
            "API Sandbox: Stats", "API Sandbox: Subscriber",
        ),
        "SEM",
    ),
}  # fmt: skip
"""The prefix of each group of operations. The prefixes are known; which group has which is a guess, apart from AUM for
accounts and their addresses, SEM for SIMs, and ANA."""


def area_of(operation: Operation[Any] | None) -> str:
    """Return the prefix of an operation's error codes."""
    return COMMON if operation is None else AREAS.get(operation.group, COMMON)
