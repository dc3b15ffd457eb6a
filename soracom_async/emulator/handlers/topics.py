"""Every module with handlers, by name: in a zip file or a frozen program nobody can look for them in directories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import HANDLERS
from .accounts import (
    audit,
    credentials,
    emails,
    logins,
    operators,
    passwords,
    permissions,
    roles,
    sandbox,
    second_factors,
    users,
)
from .automation import (
    batch,
    event_handlers,
    soralets,
)
from .cameras import (
    devices as camera_devices,
)
from .cameras import (
    exports as camera_exports,
)
from .cameras import (
    settings,
    usage,
    views,
)
from .commerce import (
    addresses,
    billing,
    coupons,
    deliveries,
    discounts,
    orders,
    payments,
    profile_orders,
    registration,
)
from .common import crud
from .data import (
    analysis,
    entries,
    files,
)
from .fleet import (
    arc,
    captures,
    diagnostics,
    downlinks,
    exports,
    groups,
    locations,
    logs,
    port_mappings,
    query,
    records,
    sandbox_stats,
    sims,
    stats,
    subscriptions,
    summaries,
    transfers,
)
from .inventory import (
    devices,
    object_models,
)
from .lagoon import accounts
from .lora import (
    lora_networks,
    radio,
)
from .networks import (
    filters,
    gate,
    junction,
    peering,
    vpg,
)
from .sigfox import gadgets

if TYPE_CHECKING:
    from types import ModuleType

    from ..service.call import Handler

TOPICS: tuple[ModuleType, ...] = (
    audit, credentials, emails, logins, operators,
    passwords, permissions, roles, sandbox, second_factors, users,
    batch, event_handlers, soralets,
    camera_devices, camera_exports, settings, usage, views,
    addresses, billing, coupons, deliveries, discounts, orders, payments, profile_orders, registration,
    crud,
    analysis, entries, files,
    arc, captures, diagnostics, downlinks, exports, groups, locations, logs,
    port_mappings, query, records, sandbox_stats, sims, stats, subscriptions, summaries, transfers,
    devices, object_models,
    accounts,
    lora_networks, radio,
    filters, gate, junction, peering, vpg,
    gadgets,
)  # fmt: skip


def load() -> dict[str, Handler]:
    """Return all handlers; each module has registered its own."""
    return HANDLERS
