"""What the body of a response must be, by the declared result."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from soracom_async import DecodeError, NotFound
from soracom_async._codec import codec
from soracom_async._codec.responses import failure, page, result
from soracom_async._core.operation import Effect, Operation
from soracom_async._core.outcome import Response
from soracom_async._registry import load
from soracom_async.api._shared import Sim


def decoded(kind: Any, content: bytes) -> Any:
    """Return the result of a response with this content."""
    operation = Operation("getThing", "GET", "/things", "Thing", Effect.READ, kind)
    return result(operation, Response(200, httpx.Headers(), content))


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        (list[Sim], b"[]", b"{}"),
        (dict[str, str], b'{"a": "b"}', b"[]"),
        (dict, b"{}", b'"a"'),
        (list, b"[1]", b"{}"),
        (str, b'"a"', b"1"),
        (Sim, b'{"simId": "1"}', b"null"),
    ],
)
def test_a_body_of_another_kind_is_an_error(kind, right, wrong):
    """An object, an array or text must be one."""
    decoded(kind, right)
    with pytest.raises(DecodeError, match="that cannot be read: it is a JSON"):
        decoded(kind, wrong)


def test_any_kind_of_body():
    """A result that may be several things is taken as it is."""
    assert decoded(Any, b"1") == 1
    assert decoded(str | int, b"1") == 1


BOM = b"\xef\xbb\xbf"


def test_a_byte_order_mark_is_skipped():
    """In results, in pages and in errors."""
    operation = load("listSims")
    response = Response(200, httpx.Headers(), BOM + b'[{"simId":"1"}]')
    assert [sim.sim_id for sim in result(operation, response)] == ["1"]
    assert [sim.sim_id for sim in page(operation, response).items] == ["1"]
    error = failure(operation, Response(404, httpx.Headers(), BOM + b'{"code":"SEM1","message":"gone"}'), "host")
    assert isinstance(error, NotFound)
    assert (error.code, error.message) == ("SEM1", "gone")


@pytest.mark.parametrize("loads", ["orjson", "json"])
def test_numbers_and_halves_of_characters_come_through(loads, monkeypatch):
    """Nothing of a page is lost for one odd value, with orjson or without, declared or not."""
    monkeypatch.setattr(codec, "_loads", pytest.importorskip(loads).loads)
    content = rb'[{"simId":123456789012345678901234567890,"tags":{"a":"\ud83d"},"big":-9223372036854775809,"n":NaN}]'
    (sim,) = result(load("listSims"), Response(200, httpx.Headers(), content))
    assert sim.sim_id == 123456789012345678901234567890
    assert sim.tags == {"a": "\ud83d"}
    assert sim.extra["big"] == -(2**63) - 1
    assert sim.extra["n"] != sim.extra["n"]
