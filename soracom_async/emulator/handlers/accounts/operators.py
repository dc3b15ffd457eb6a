"""The operator itself: company, configuration, contracts, coverage."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ...protocol.errors import Refusal
from ...service.call import Call
from .. import handles

NAMESPACES = ("Support", "Email", "UserConsole")
"""The namespaces of an operator's configuration."""


@handles("getOperator")
def get_operator(call: Call) -> Any:
    """Return the operator."""
    operator = call.operator
    created = datetime.fromtimestamp(operator.created / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return {
        "operatorId": operator.id,
        "rootOperatorId": operator.id,
        "email": operator.email,
        "description": "",
        "createDate": created,
        "updateDate": created,
    }


@handles("getCompanyInformation", "getIndividualInformation")
def get_information(call: Call) -> Any:
    """Return the information about the company or the person."""
    return _record(call, _topic(call))


@handles("createCompanyInformation", "createIndividualInformation")
def create_information(call: Call) -> None:
    """Set the information for the first time."""
    topic = _topic(call)
    if topic in call.operator.records:
        raise Refusal.exists(topic.replace("_", " "), "")
    call.operator.records[topic] = call.body


@handles("updateCompanyInformation", "updateIndividualInformation")
def update_information(call: Call) -> None:
    """Replace the information."""
    topic = _topic(call)
    _record(call, topic)
    call.operator.records[topic] = call.body


def _topic(call: Call) -> str:
    """Return `company_information` or `individual_information`."""
    return call.operation.path.rpartition("/")[2]


def _record(call: Call, name: str) -> Any:
    try:
        return call.operator.records[name]
    except KeyError:
        kind, _, identifier = name.partition(" ")
        raise Refusal.not_found(kind.replace("_", " "), identifier) from None


def _configuration(namespace: str) -> str:
    """Return the name of a namespace's record. No namespace but the known ones ever has one."""
    return f"configuration {namespace}"


@handles("getOperatorConfigurationNamespace")
def get_configuration(call: Call) -> Any:
    """Return the operator's settings of a namespace."""
    return _record(call, _configuration(call.path["namespace"]))


@handles("setOperatorConfigurationNamespace")
def set_configuration(call: Call) -> Any:
    """Set a namespace; an expected version, if given, must be the present one."""
    namespace = call.path["namespace"]
    if namespace not in NAMESPACES:
        raise Refusal.unknown("namespace", namespace)
    name = _configuration(namespace)
    version = call.operator.records.get(name, {}).get("version", 0)
    if call.body.get("expectedVersion", version) not in (None, version):
        raise Refusal("*9006")
    record = call.operator.records[name] = {
        "namespace": namespace,
        "configuration": call.body["configuration"],
        "version": version + 1,
        "isModifiable": True,
    }
    return record


@handles("deleteOperatorConfigurationNamespace")
def delete_configuration(call: Call) -> None:
    """Remove a namespace."""
    name = _configuration(call.path["namespace"])
    _record(call, name)
    del call.operator.records[name]


@handles("addOperatorContract")
def add_contract(call: Call) -> Any:
    """Conclude a contract."""
    call.operator.records[f"contract {call.body['contractName']}"] = call.body
    return call.body


@handles("deleteOperatorContract")
def delete_contract(call: Call) -> None:
    """End a contract."""
    name = f"contract {call.path['contract_name']}"
    _record(call, name)
    del call.operator.records[name]


@handles("addCoverageType")
def add_coverage_type(call: Call) -> None:
    """Add a coverage type; the next token has it."""
    coverage = call.path["coverage_type"]
    if coverage not in ("jp", "g"):
        raise Refusal.unknown("coverage type", coverage)
    if coverage not in call.operator.coverages:
        call.operator.coverages.append(coverage)


@handles("generateSupportToken")
def generate_support_token(call: Call) -> Any:
    """Return a token for the support site."""
    return {"token": call.world.secret(40)}
