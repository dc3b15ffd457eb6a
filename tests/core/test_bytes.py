"""Bytes in the place of text: no request goes out with them, since nobody knows how they are meant."""

from __future__ import annotations

import pytest
from unsent import strict

from soracom_async import ConfigurationError
from soracom_async._codec.codec import CODEC
from soracom_async._codec.converter import converter
from soracom_async._codec.model import Model
from soracom_async.models import SmsForwardingRequest, TagUpdateRequest

pytestmark = pytest.mark.anyio


class Text(bytes):
    """Is bytes as well."""


@pytest.mark.parametrize(
    ("operation_id", "arguments", "name"),
    [
        ("sendSmsToSim", {"sim_id": "1", "payload": b"canary"}, "payload: "),
        ("sendSmsToSim", {"sim_id": "1", "payload": Text(b"canary")}, "payload: "),
        ("sendSmsToSim", {"sim_id": "1", "body": {"payload": b"canary"}}, ""),
        ("sendSmsToSim", {"sim_id": "1", "body": SmsForwardingRequest(payload=b"canary")}, ""),
        ("createGroup", {"tags": {"name": b"canary"}}, "tags: "),
        ("createGroup", {"configuration": {"SoracomAir": {"deep": [b"canary"]}}}, "configuration: "),
        ("putSimTags", {"sim_id": "1", "tags": [TagUpdateRequest(tag_name="a", tag_value=b"canary")]}, ""),
        ("putSimTags", {"sim_id": "1", "tags": [{"tagName": "a", "tagValue": b"canary"}]}, ""),
        ("setImeiLock", {"imsi": "1", "imei": b"canary"}, "imei: "),
        ("listSims", {"last_evaluated_key": b"canary"}, "last_evaluated_key "),
        ("searchSims", {"name": [b"canary"]}, "name: "),
        ("getSim", {"sim_id": b"canary"}, "sim_id "),
    ],
)
async def test_bytes_are_no_text(operation_id, arguments, name):
    """Nobody knows whether they are text, or to be encoded: the error names the argument, and does not show them."""
    async with strict() as soracom:
        with pytest.raises(ConfigurationError, match=f"^{operation_id} .*: {name}") as caught:
            await soracom.call(operation_id, **arguments)
        assert "bytes" in str(caught.value)
        assert "canary" not in str(caught.value)


async def test_bytes_in_a_request_of_ones_own():
    """JSON that is no operation's is treated alike; content is bytes."""
    async with strict() as soracom:
        with pytest.raises(ConfigurationError, match="text is needed, not bytes"):
            await soracom.request("POST", "/x", json={"a": b"b"})


class Picture(Model):
    """Has bytes, which JSON has as Base64."""

    data: bytes | None = None
    name: str | None = None


def test_bytes_that_are_declared():
    """They are sent as Base64."""
    assert CODEC.wire(Picture(data=b"abc", name="x"), Picture) == {"data": "YWJj", "name": "x"}
    assert CODEC.wire({"data": b"abc"}, Picture) == {"data": "YWJj"}
    assert CODEC.wire(b"abc", bytes | None) == "YWJj"


class Written(Model):
    """Is written in a way of its own."""

    data: str | None = None


def test_a_hook_of_ones_own_counts_in_requests():
    """cattrs asks it for the model, in requests too."""
    converter().register_unstructure_hook(Written, lambda model: {"data": model.data.decode()})
    assert CODEC.wire(Written(data=b"abc"), Written) == {"data": "abc"}
