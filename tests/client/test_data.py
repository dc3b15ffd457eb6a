"""What devices sent to Harvest Data, by its content type."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from soracom_async import DecodeError, Soracom, structure
from soracom_async.data import decoded
from soracom_async.emulator import Emulator
from soracom_async.emulator.domain.harvest import add_entry
from soracom_async.emulator.state.sims import sim_id
from soracom_async.models import DataEntry


def entry(content: Any, kind: str | None = "application/json") -> DataEntry:
    data = {"resourceType": "Sim", "resourceId": "8981", "time": 1_567_684_521_983, "content": content}
    return structure(data | ({} if kind is None else {"contentType": kind}), DataEntry)


@pytest.mark.parametrize(
    ("content", "kind", "expected"),
    [
        ('{"distance":1}', "application/json", {"distance": 1}),
        ('{"a":[1,null]}', "Application/JSON; charset=utf-8", {"a": [1, None]}),
        ('\ufeff"x"', "application/senml+json", "x"),
        ("3.5", "application/json", 3.5),
        ("こんにちは", "text/plain; charset=shift_jis", "こんにちは"),
        ("<a/>", "application/xml", "<a/>"),
        ("{}", None, "{}"),
        ("AAH/", "application/octet-stream", b"\x00\x01\xff"),
        ("AAH/", "image/jpeg", b"\x00\x01\xff"),
        ('{"payload":"AAH/"}', "application/json", b"\x00\x01\xff"),
        ('{"payload":"on!"}', "application/json", {"payload": "on!"}),
        ('{"payload":"on"}', "application/json", {"payload": "on"}),
        ('{"payload":""}', "application/json", {"payload": ""}),
        ('{"payload":"AAH/","x":1}', "application/json", {"payload": "AAH/", "x": 1}),
        ('{"payload":7}', "application/json", {"payload": 7}),
        (None, "application/json", None),
        ({"already": "JSON"}, "application/json", {"already": "JSON"}),
    ],
)
def test_content_is_what_its_type_says(content: Any, kind: str | None, expected: Any) -> None:
    found = decoded(entry(content, kind))
    assert found == expected
    assert type(found) is type(expected)


def test_an_object_with_a_payload_can_be_meant_as_it_is() -> None:
    assert decoded(entry('{"payload":"test"}'), wrapped=False) == {"payload": "test"}


def test_json_may_be_nested_deep() -> None:
    found = decoded(entry("[" * 1000 + "]" * 1000))
    deep = 0
    while found:
        found, deep = found[0], deep + 1
    assert deep == 999


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ('{"distance":', "application/json"),
        ("[" * 100_000, "application/json"),
        ("no base64", "application/octet-stream"),
        ("AAH", "application/octet-stream"),
        ("日本", "application/octet-stream"),
    ],
)
def test_what_is_not_its_type_is_named_and_kept(content: str, kind: str) -> None:
    spoilt = entry(content, kind)
    with pytest.raises(DecodeError, match=rf"Sim 8981 at 2019-09-05 11:55:21.* is not {kind}"):
        decoded(spoilt)
    assert spoilt.content == content
    with pytest.raises(DecodeError, match=r"entry of resource \(no ID\) at None"):
        decoded(structure({"content": "{", "contentType": "application/json"}, DataEntry))


@pytest.mark.anyio
async def test_what_the_service_keeps(clock: Any) -> None:
    emulator = Emulator(sims=1, clock=clock)
    sent = {1_735_000_000_000: {"t": 1}, 1_735_000_001_000: "text", 1_735_000_002_000: b"\x00\xff"}
    for at, content in sent.items():
        add_entry(emulator.operator, "Sim", sim_id(1), content, at)
    async with Soracom(emulator.auth_key, transport=emulator.transport, clock=clock) as soracom:
        found = await soracom.data.get_entries(
            "Sim", sim_id(1), from_=1_735_000_000_000, to=1_735_000_002_000
        ).collect()
    assert {each.time: decoded(each) for each in found} == {
        datetime.fromtimestamp(at / 1000, UTC): content for at, content in sent.items()
    }
