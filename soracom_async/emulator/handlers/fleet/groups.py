"""Groups, their tags and their configuration."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from ...protocol.errors import Refusal
from ...protocol.messages import Page
from ...service.call import Call
from ...state.paging import no_such_key
from .. import handles
from .sims import after


@handles("listGroups")
def list_groups(call: Call) -> Page:
    """Return the groups, in the order of their identifiers."""
    wanted, groups, after = call.tag_filter(), call.operator.groups, call.query.get("last_evaluated_key") or ""
    if after and after not in groups and not call.gave(after):
        raise no_such_key()
    found, key = groups.after(after, call.limit(), lambda group: wanted is None or wanted(group["tags"]))
    return Page.of(found, key)


@handles("createGroup")
def create_group(call: Call) -> Any:
    """Make a group."""
    return call.operator.groups.create(
        call.world.uuid(), call.now, call.body.get("tags"), call.body.get("configuration")
    )


@handles("getGroup")
def get_group(call: Call) -> Any:
    """Return a group."""
    return call.operator.groups.get(call.path["group_id"])


@handles("deleteGroup")
def delete_group(call: Call) -> None:
    """Remove a group."""
    call.operator.groups.delete(call.path["group_id"])


@handles("listSubscribersInGroup")
def list_members(call: Call) -> Page:
    """Return the SIMs of a group."""
    group_id = call.path["group_id"]
    call.operator.groups.get(group_id)
    return call.operator.fleet.page("sim", after(call), call.limit(), lambda sim: sim.group_id == group_id)


@handles("putGroupTags")
def put_tags(call: Call) -> Any:
    """Set tags."""
    group = call.operator.groups.change(call.path["group_id"], call.now)
    group["tags"] |= {tag["tagName"]: tag["tagValue"] for tag in call.body}
    return group


@handles("deleteGroupTag")
def delete_tag(call: Call) -> None:
    """Remove a tag."""
    _remove(call, call.operator.groups.get(call.path["group_id"])["tags"], "tag", call.path["tag_name"])


@handles("putConfigurationParameters")
def put_configuration(call: Call) -> Any:
    """Set parameters of a namespace."""
    group = call.operator.groups.change(call.path["group_id"], call.now)
    parameters = group["configuration"].setdefault(call.path["namespace"], {})
    parameters |= {parameter["key"]: parameter["value"] for parameter in call.body}
    return group


@handles("deleteConfigurationNamespace")
def delete_namespace(call: Call) -> None:
    """Remove a namespace."""
    configuration = call.operator.groups.get(call.path["group_id"])["configuration"]
    _remove(call, configuration, "namespace", call.path["namespace"])


@handles("deleteConfigurationParameter")
def delete_parameter(call: Call) -> None:
    """Remove a parameter of a namespace."""
    configuration = call.operator.groups.get(call.path["group_id"])["configuration"]
    _remove(call, configuration.get(call.path["namespace"], {}), "parameter", call.path["name"])


def _remove(call: Call, mapping: dict[str, Any], kind: str, name: str) -> None:
    # Many clients encode names in a path twice, as the official document asks for.
    name = name if name in mapping else unquote(name)
    if name not in mapping:
        raise Refusal.not_found(kind, name)
    del mapping[name]
    call.operator.groups.change(call.path["group_id"], call.now)
