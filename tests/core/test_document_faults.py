"""What the document has wrong or leaves out about requests, and the client sends right."""

from __future__ import annotations

import json

import pytest

from soracom_async import structure, unstructure
from soracom_async._codec.codec import CODEC
from soracom_async._core.request import BadArgument, prepare
from soracom_async._registry import load
from soracom_async.models import SimDownlinkSshPasswordAuthentication, SimDownlinkTcpConnectionWaitFirstOptions


@pytest.mark.parametrize(("port", "sent"), [(22_222, "22222"), (22_222.0, "22222"), ("22222", "22222")])
def test_an_integer_in_a_path_is_written_as_digits(port, sent):
    """A port that came as 22222.0 is the same port."""
    prepared = prepare(load("deletePortMapping"), {"ip_address": "192.0.2.1", "port": port}, CODEC)
    assert prepared.target == f"/v1/port_mappings/192.0.2.1/{sent}".encode()


def test_a_fraction_in_a_path_is_refused():
    """It is no port."""
    with pytest.raises(BadArgument, match="port must be"):
        prepare(load("deletePortMapping"), {"ip_address": "192.0.2.1", "port": 1.5}, CODEC)


def test_code_of_a_soralet():
    """It is sent as it is, under the content type that the service wants, or that the caller names."""
    upload = load("uploadSoraletCode")
    prepared = prepare(upload, {"soralet_id": "s", "content": b"\0asm"}, CODEC)
    assert (prepared.content, prepared.content_type) == (b"\0asm", b"application/json")
    prepared = prepare(upload, {"soralet_id": "s", "content": b"\0asm", "content_type": "application/wasm"}, CODEC)
    assert (prepared.content, prepared.content_type) == (b"\0asm", b"application/wasm")


def test_models_that_are_told_apart_by_their_kind():
    """The client fills it in; what came without it has none."""
    sent = CODEC.wire(SimDownlinkSshPasswordAuthentication(password="x"), SimDownlinkSshPasswordAuthentication)
    assert sent == {"password": "x", "type": "password"}
    sent = prepare(
        load("sendDownlinkTcp"),
        {"sim_id": "1", "port": 1, "payload": "x", "connection_options": SimDownlinkTcpConnectionWaitFirstOptions()},
        CODEC,
    )
    assert json.loads(sent.content)["connectionOptions"] == {"type": "wait_first"}
    came = structure({"password": "x"}, SimDownlinkSshPasswordAuthentication)
    assert came.type is None
    assert unstructure(came) == {"password": "x"}


def test_several_values_of_a_resource():
    """They are an argument of their own."""
    arguments = {"device_id": "d", "object": "3", "instance": "0", "resource": "11", "values": [1, "a", True]}
    assert json.loads(prepare(load("writeDeviceResource"), arguments, CODEC).content) == {"values": [1, "a", True]}
