"""Values of classes of the caller's own: what goes out is the value, never what `str()` or `format()` makes of it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from enum import Enum, Flag, IntEnum, IntFlag, StrEnum
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from soracom_async import (
    ApiToken,
    AuthKey,
    models,
    unstructure,
)
from soracom_async._codec.codec import CODEC
from soracom_async._core.request import BadArgument, prepare, raw
from soracom_async._core.token import Lease
from soracom_async._core.values import plain
from soracom_async._registry import load
from soracom_async._secret import Secret
from soracom_async.credentials.profiles import from_profile


class Word(str, Enum):  # noqa: UP042 - this one shows another text than its value
    """A member says `Word.OR`, whatever it is."""

    OR = "or"


class Spoken(StrEnum):
    """A member says its name."""

    OR = "or"

    def __str__(self) -> str:
        return f"<{self.name}>"

    __format__ = object.__format__


class Other(Enum):
    """A member is no text itself."""

    OR = "or"
    TEN = 10


class Number(IntEnum):
    TEN = 10

    def __str__(self) -> str:
        return "N.TEN"

    __repr__ = __str__


class Bits(IntFlag):
    """Flags have members as a set has."""

    TWO = 2
    EIGHT = 8


class OtherBits(Flag):
    TWO = 2
    EIGHT = 8


class Loud(str):
    """Text that shows itself in another way, and changes with what is done to it."""

    def __str__(self) -> str:
        return "LOUD"

    __repr__ = __str__

    def __format__(self, spec: str) -> str:
        return "LOUD"

    def __radd__(self, other: str) -> str:
        return "LOUD"

    def encode(self, *_: Any) -> bytes:
        return b"LOUD"

    def upper(self) -> str:
        return "LOUD"

    lower = upper

    def split(self, *_: Any) -> Any:
        return ["LOUD"]


class LoudInt(int):
    def __str__(self) -> str:
        return "LOUD"

    __repr__ = __str__


class LoudFloat(float):
    def __str__(self) -> str:
        return "LOUD"

    __repr__ = __str__


class LoudBytes(bytes):
    def __bytes__(self) -> bytes:
        return b"LOUD"


class Index:
    """An integer as numpy has them: no `int`, but an index."""

    def __init__(self, value: int) -> None:
        self.value = value

    def __index__(self) -> int:
        return self.value


class Array:
    """Would be an index if it had one element."""

    def __index__(self) -> int:
        raise TypeError("only integer scalar arrays can be converted to a scalar index")


class Moment(datetime):
    """A time of a library that writes times in its own way."""

    def isoformat(self, *_: Any, **__: Any) -> str:
        return "LOUD"

    def __format__(self, spec: str) -> str:
        return "LOUD"

    def astimezone(self, *_: Any) -> Any:
        raise AssertionError


class LoudDay(date):
    def __format__(self, spec: str) -> str:
        return "LOUD"


ORS = [Word.OR, Spoken.OR, Other.OR, Loud("or")]
TENS = [Number.TEN, Other.TEN, Bits(10), OtherBits(10), LoudInt(10), Index(10)]
NOON = Moment(2026, 6, 4, 12, tzinfo=timezone(timedelta(hours=9)))


def target(operation_id: str, **arguments: Any) -> str:
    return prepare(load(operation_id), arguments, CODEC).target.decode()


def query(operation_id: str, **arguments: Any) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(target(operation_id, **arguments)).query)


def body(operation_id: str, **arguments: Any) -> Any:
    return json.loads(prepare(load(operation_id), arguments, CODEC).content)


@pytest.mark.parametrize("value", ORS)
def test_text_in_a_path(value):
    """In a segment, in a path of files, and in a path of one's own."""
    assert target("getSim", sim_id=value) == "/v1/sims/or"
    assert target("getFile", scope=value, path=value) == "/v1/files/or/or"


@pytest.mark.parametrize("value", [Word.OR, Spoken.OR, Loud("or")])
def test_text_in_a_request_of_ones_own(value):
    """The path, the method, names and values of query and headers, and the body."""
    path = Loud("/sims/1")
    made = raw(
        Loud("get"),
        path,
        params={value: value},
        json={value: [value]},
        content=None,
        headers={value: value},
        encoder=CODEC,
    )
    assert made.operation.method == "GET"
    assert made.target == b"/v1/sims/1?or=or"
    assert made.headers == ((b"or", b"or"),)
    assert json.loads(made.content) == {"or": ["or"]}


@pytest.mark.parametrize("value", TENS)
def test_integers_in_a_path(value):
    """An integer is written in decimal."""
    assert target("getSim", sim_id=value) == "/v1/sims/10"


@pytest.mark.parametrize("value", [True, False, Array(), Other])
def test_no_name_in_a_path(value):
    """What is neither text nor an integer is refused."""
    with pytest.raises(BadArgument, match="sim_id must be a string"):
        target("getSim", sim_id=value)


@pytest.mark.parametrize("value", ORS)
def test_text_in_a_query(value):
    """Also in a list, and as the key of a page."""
    assert query("searchSims", search_type=value, name=[value], last_evaluated_key=value) == [
        ("search_type", "or"),
        ("name", "or"),
        ("last_evaluated_key", "or"),
    ]


@pytest.mark.parametrize("value", TENS)
def test_integers_in_a_query(value):
    """Also as a time."""
    assert query("getDataFromSim", sim_id=value, from_=value, limit=value) == [("from", "10"), ("limit", "10")]


def test_other_numbers_in_a_query():
    """A number of another class, and a boolean."""
    made = raw(
        "GET", "/a", params={"a": LoudFloat(1.5), "b": True}, json=None, content=None, headers=None, encoder=CODEC
    )
    assert made.target == b"/v1/a?a=1.5&b=true"


@pytest.mark.parametrize("value", [*ORS, *TENS, LoudFloat(1.5)])
def test_headers(value):
    """A header says the value."""
    arguments = {"scope": "private", "path": "a", "content": b"x", "content_type": value}
    assert prepare(load("putFile"), arguments, CODEC).content_type in (b"or", b"10", b"1.5")


@pytest.mark.parametrize("value", ORS)
def test_text_in_a_body(value):
    """As a field, in a dict in the place of a model, as a key, and in a model."""
    assert body("updateSimSpeedClass", sim_id="1", speed_class=value) == {"speedClass": "or"}
    assert body("putSimTags", sim_id="1", body=[{"tagName": value, "tagValue": "x"}]) == [
        {"tagName": "or", "tagValue": "x"}
    ]
    assert body("createGroup", tags={value: value}) == {"tags": {"or": "or"}}
    (made,) = unstructure([models.Sim(sim_id=value, tags={value: [value]})])
    assert made == {"simId": "or", "tags": {"or": ["or"]}}
    assert type(made["simId"]) is type(made["tags"]["or"][0]) is type(*made["tags"]) is str


@pytest.mark.parametrize("value", TENS)
def test_integers_in_a_body(value):
    """They are numbers there."""
    assert body("updateSimSpeedClass", sim_id="1", speed_class=value) == {"speedClass": 10}
    assert body("createGroup", tags={value: value}) == {"tags": {"10": 10}}


def test_times():
    """A time of another class is the time."""
    assert query("getDataFromSim", sim_id="1", from_=NOON) == [("from", "1780542000000")]
    assert unstructure([NOON, LoudDay(2026, 6, 4)]) == ["2026-06-04T03:00:00.000Z", "2026-06-04T00:00:00.000Z"]
    assert plain(NOON) == datetime(2026, 6, 4, 3, tzinfo=UTC)
    assert type(plain(NOON)) is datetime


def test_days_in_digits():
    """A month is written as the service reads it."""
    assert target("getBillingPerDay", yyyy_mm=LoudDay(2026, 6, 4)) == "/v1/bills/202606/daily"


def test_content():
    """Bytes and text that are sent as they are."""
    arguments = {"scope": "private", "path": "a"}
    for value, sent in ((LoudBytes(b"or"), b"or"), (Loud("or"), b"or"), (bytearray(b"or"), b"or")):
        made = prepare(load("putFile"), {**arguments, "content": value}, CODEC).content
        assert made == sent
        assert type(made) is bytes
    assert unstructure(LoudBytes(b"or")) == "b3I="


@pytest.mark.parametrize("value", [Word.OR, Spoken.OR, Loud("or")])
def test_credentials(value):
    """Keys, tokens and names are sent, not what they show."""
    made = AuthKey(value, value)
    made.check()
    arguments = dict(made.login_arguments())
    assert body("auth", **arguments) == {"authKeyId": "or", "authKey": "or"}
    token = ApiToken(value, value)
    token.check()
    lease = Lease(token.api_key, token.token, "OP1", None, 0.0, None)
    assert lease.headers == ((b"x-soracom-api-key", b"or"), (b"x-soracom-token", b"or"))
    assert type(Secret(value).reveal()) is str


def test_the_name_of_a_profile(tmp_path):
    """The file is the one of that name."""
    path = tmp_path / "or.json"
    path.write_text(json.dumps({"authKeyId": "keyId-1", "authKey": "secret-1"}))
    path.chmod(0o600)
    found = from_profile(Loud("or"), {"SORACOM_PROFILE_DIR": str(tmp_path)})
    assert found.credentials == AuthKey("keyId-1", "secret-1")
