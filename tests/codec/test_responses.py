"""What the body of a response must be, by the declared result."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from soracom_async import DecodeError
from soracom_async._codec.responses import result
from soracom_async._core.operation import Effect, Operation
from soracom_async._core.outcome import Response
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
