"""JSON text: the same bytes give the same result with and without orjson."""

from __future__ import annotations

import json
import math
import struct
from typing import Any

import pytest
from extras import needs
from hypothesis import example, given, settings
from hypothesis import strategies as st

from soracom_async._codec import codec, deep_json
from soracom_async._codec.codec import decode, dumps
from soracom_async._core.request import BadArgument

BOM = b"\xef\xbb\xbf"


def outcome(content: bytes) -> str:
    """Return what comes of it: the value with its types, or the error."""
    try:
        return repr(decode(content))
    except (ValueError, RecursionError) as error:
        return type(error).__name__


def check(content: bytes, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return what comes of it, which is the same without orjson."""
    orjson = pytest.importorskip("orjson")
    monkeypatch.setattr(codec, "_loads", orjson.loads)
    with_orjson = outcome(content)
    monkeypatch.setattr(codec, "_loads", json.loads)
    assert with_orjson == outcome(content)
    return with_orjson


LIMITS = [2**53, 2**63 - 1, 2**63, 2**64 - 1, 2**64, 10**18, 10**19, 10**20, 10**30, 10**308, 10**400]


@pytest.mark.parametrize("number", [n * sign + more for n in LIMITS for sign in (1, -1) for more in (-1, 0, 1)])
@pytest.mark.parametrize(
    "around", ["{}", '{{"a":{}}}', '{{"a": {}}}', "[{}]", "[1,{}]", "[1,\n{},2]", "[1,\t{} ]", " {}"]
)
def test_integers_of_any_size(number, around, monkeypatch):
    """No integer becomes a float, wherever it stands."""
    content = around.format(number).encode()
    assert check(content, monkeypatch) == repr(json.loads(content))


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (rb'"\ud83d"', "\ud83d"),
        (rb'{"a":"\ude00\ud83d","b":1}', {"a": "\ude00\ud83d", "b": 1}),
        (rb'{"\ud83d":1}', {"\ud83d": 1}),
        (rb'"\ud83d\ude00"', "😀"),
        (b'[1,"\xed\xa0\x80"]', [1, "\ud800"]),
        (BOM + b'{"a":1}', {"a": 1}),
        (b"[Infinity,-Infinity]", [math.inf, -math.inf]),
        (b"[1e400,-1e400,1e-400]", [math.inf, -math.inf, 0.0]),
        (b'{"a":1,"b":2,"a":3}', {"a": 3, "b": 2}),
        (b"[-0,0,1E5,2.0,0e0]", [0, 0, 100000.0, 2.0, 0.0]),
        (b'["89423100220000000019","a:12345678901234567890"]', ["89423100220000000019", "a:12345678901234567890"]),
        (b"[12345678901234567890.5,123456789012345678901e-3]", [12345678901234567890.5, 123456789012345678.901]),
        ('{"a":1}'.encode("utf-16"), {"a": 1}),
    ],
)
def test_what_orjson_does_not_read(content, value, monkeypatch):
    """It comes through, and nothing around it is lost."""
    assert check(content, monkeypatch) == repr(value)


def test_a_number_that_is_none(monkeypatch):
    """NaN comes through, and the sign of zero."""
    assert check(b"[NaN,-0.0]", monkeypatch) == "[nan, -0.0]"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" ",
        b"{",
        b"[1,]",
        b"01",
        b"+1",
        b'"\xff"',
        b'"\x01"',
        b"1 1",
        BOM,
        BOM + BOM + b"1",
        b"1" * 5000,
        b"<html>",
    ],
)
def test_what_is_no_json(content, monkeypatch):
    """It is a ValueError."""
    assert "Error" in check(content, monkeypatch)


pieces = st.sampled_from(
    [
        *'[]{},:"\\ \n-0.eE',
        "9" * 18,
        "9" * 19,
        "9" * 20,
        "1" * 40,
        '"a":',
        "NaN",
        "null",
        r"\ud83d",
        r"\n",
        "é",
        "[[",
        "]]",
    ]
)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(LIMITS)
    | st.floats()
    | st.text(st.characters(), max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
)


@needs("orjson")
@settings(deadline=None)
@given(
    st.lists(pieces).map(lambda parts: "".join(parts).encode())
    | st.builds(
        lambda value, indent, ascii_: json.dumps(value, indent=indent, ensure_ascii=ascii_).encode(
            errors="surrogatepass"
        ),
        values,
        st.sampled_from([None, 0, 1]),
        st.booleans(),
    )
    | st.binary()
)
@example(b"-99999999999999999999")
def test_property_the_same_with_and_without(content):
    """Any bytes: the same value, with the same types, or an error."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        check(content, monkeypatch)


@needs("orjson")
@settings(deadline=None)
@given(st.binary(min_size=8, max_size=8))
def test_property_floats(bits):
    """Every float is the same."""
    (number,) = struct.unpack("d", bits)
    with pytest.MonkeyPatch.context() as monkeypatch:
        check(json.dumps([number, str(number)]).encode(), monkeypatch)


@pytest.mark.parametrize("depth", [500, 900, 990, 1000, 1023, 1024, 1025, 3000])
@pytest.mark.parametrize(
    "pair", [("[", "]"), ('{"a":', "}"), ('[1,{"a":[', ',2]},"x"]')], ids=["array", "object", "both"]
)
def test_nesting(depth, pair, monkeypatch):
    """What is nested deep is the same too, however deep the caller is."""
    opening, closing = pair
    levels = opening.count("[") + opening.count("{")
    content = (opening * (depth // levels) + "1" + closing * (depth // levels)).encode()
    monkeypatch.setattr(codec, "_loads", pytest.importorskip("orjson").loads)
    with_orjson = nested(content)
    monkeypatch.setattr(codec, "_loads", json.loads)
    assert with_orjson == nested(content)
    if depth <= deep_json.DEEPEST:
        assert with_orjson == depth // levels * levels


def nested(content: bytes) -> int | str:
    """Return how deep the value is, or what is wrong with it."""
    try:
        value = decode(content)
    except ValueError:
        return "ValueError"
    depth = 0
    while isinstance(value, list | dict):
        value = max(
            (each for each in (value if isinstance(value, list) else value.values())),
            key=lambda each: isinstance(each, list | dict),
        )
        depth += 1
    return depth


@settings(deadline=None)
@given(
    st.lists(pieces).map("".join)
    | st.builds(json.dumps, values, indent=st.sampled_from([None, 0, 1]), ensure_ascii=st.booleans())
)
@example('{"a":1,}')
@example("[1,]")
@example('{"a" : [ ] , "b":{}}')
@example("{1:2}")
@example('{"a",2}')
@example("[1}")
@example("[")
@example('{"a":1} x')
def test_property_what_is_deep_is_read_as_json_reads(text):
    """The reader of what is deep gives what `json` gives."""
    results = []
    for loads in (json.loads, deep_json.loads):
        try:
            results.append(repr(loads(text)))
        except ValueError:
            results.append("ValueError")
    assert results[0] == results[1]


def test_the_usual_page_is_read_by_orjson_alone(monkeypatch):
    """Long digits in texts, as SIM IDs are, do not send a page the slow way, nor do nanoseconds."""
    monkeypatch.setattr(codec, "_loads", lambda content: [content])
    page = b'[{"simId":"8942310022000000001","iccid":"89423100220000000019","at":1735611008967,"id":"a%s"},%d,%d]' % (
        b"0" * 31,
        1735611008967000000,
        -(10**17),
    )
    assert decode(page) == [page]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (
            {5: 10**30, None: -(2**64), True: [False]},
            b'{"5":1000000000000000000000000000000,"null":-18446744073709551616,"true":[false]}',
        ),
        ([1e22, -0.0, "😀é\u2028"], '[1e+22,-0.0,"😀é\u2028"]'.encode()),
    ],
)
def test_writing(data: Any, text: bytes):
    """Integers of any size, names that are no text, and text beyond ASCII."""
    assert dumps(data) == text


@pytest.mark.parametrize(
    "data", [math.nan, [math.inf], {"a": -math.inf}, {math.nan: "\ud83d"}, "\ud83d", {"\ud83d": 1}, {(): 1}]
)
def test_what_cannot_be_written(data):
    """What JSON or UTF-8 does not have is refused."""
    with pytest.raises(BadArgument, match="the body cannot be written as JSON"):
        dumps(data)
