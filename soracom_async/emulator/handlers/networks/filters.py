"""The outbound filters of a VPG: its routing filter, and the rules of its traffic filtering."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...domain.ipv4 import network_in
from ...protocol.errors import Refusal
from ...service.call import Call
from .. import handles
from ..common.crud import touch

if TYPE_CHECKING:
    from ...state.collections import Record

PORTS, PROTOCOLS = 65_535, 255
"""The highest port and protocol number."""


@handles("setRoutingFilter")
def set_routing_filter(call: Call) -> None:
    """Set where packets may go."""
    for number, entry in enumerate(call.body):
        network_in(entry.get("ipRange"), f"body[{number}].ipRange")
        _check_action(entry, ("allow", "deny"), f"body[{number}]")
    touch(call, routingFilterEntries=call.body)


@handles("enableTrafficFiltering", "disableTrafficFiltering")
def switch(call: Call) -> None:
    """Enable or disable the filter."""
    touch(call, _filtered=call.operation.path.endswith("/enable"))


@handles("putFqdnFilterRules")
def put_domains(call: Call) -> None:
    """Replace the rules for domains; those for addresses stay."""
    for number, rule in enumerate(call.body["rules"]):
        where = f"body.rules[{number}]"
        _check_rule(rule, "fqdn", ("allow",), where)
        labels = rule["fqdnPattern"].removeprefix("*.").split(".")
        if not all(label and "*" not in label for label in labels):
            raise Refusal.invalid("{0} is not a domain name", f"{where}.fqdnPattern")
    touch(call, _fqdnRules=call.body["rules"])


@handles("putUplinkFilterRules")
def put_addresses(call: Call) -> None:
    """Replace the rules for addresses; those for domains stay."""
    for number, rule in enumerate(call.body["rules"]):
        where = f"body.rules[{number}]"
        _check_rule(rule, "ip", ("allow", "deny"), where)
        network_in(rule["cidr"], f"{where}.cidr")
    touch(call, _uplinkRules=call.body["rules"])


def _check_rule(rule: Record, kind: str, actions: tuple[str, ...], where: str) -> None:
    if rule["type"] != kind:
        raise Refusal.invalid("{0} is not one of {1}", f"{where}.type", kind)
    _check_action(rule, actions, where)
    if not 0 <= rule["protocol"] <= PROTOCOLS:
        raise Refusal.invalid("{0} is not within {1} and {2}", f"{where}.protocol", 0, PROTOCOLS)
    first, last = rule.get("fromPort") or 0, rule.get("toPort") or 0
    if not 0 <= first <= last <= PORTS:
        raise Refusal.invalid("fromPort and toPort of {0} are not a range within 0 and {1}", where, PORTS)


def _check_action(rule: Record, actions: tuple[str, ...], where: str) -> None:
    if rule.get("action") not in actions:
        raise Refusal.invalid("{0} is not one of {1}", f"{where}.action", actions)
