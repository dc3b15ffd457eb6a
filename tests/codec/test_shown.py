"""How models are shown: one line that fits a terminal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soracom_async import models, structure
from soracom_async._codec.model import HIDDEN, Model, hidden


class Thing(Model):
    """Has a name of its own, and those of others."""

    operator_id: str | None = None
    status: str | None = None
    size: int | None = None
    labels: dict[str, Any] | None = None
    things: list[Any] | None = None
    inner: Thing | None = None
    seen: datetime | None = None
    thing_id: str | None = None
    name: str | None = None


def test_what_identifies_it_comes_first():
    """The own ID and name, then the others in their order; None is not shown."""
    assert repr(Thing(size=0, operator_id="OP1", thing_id="t1", name="n")) == (
        "Thing(thing_id='t1', name='n', operator_id='OP1', size=0)"
    )
    assert repr(models.Subscriber(status="active", imsi="001")) == "Subscriber(imsi='001', status='active')"
    assert repr(Thing()) == "Thing()"


def test_undeclared_names():
    """A field is not covered by what has its name, and a name may be anything."""
    data = {"thingId": "t1", "thing_id": "other", 5: None, None: 6, (1, 2): 7}
    assert repr(structure(data, Thing)) == "Thing(thing_id='t1', None=6, '(1, 2)'=7)"


def test_a_full_sim():
    """A SIM with all that the service sends is one line that tells which it is, and how it is."""
    data = {
        "operatorId": "OP3874773259",
        "simId": "8942310022000000001",
        "status": "active",
        "speedClass": "s1.fast",
        "groupId": "5487ce1e-af19-422a-99b8-a714e61a441c",
        "tags": {"name": "device-0000000001", "site": "tokyo"},
        "createdTime": 1678514029795,
        "sessionStatus": {"imsi": "001010000000001", "dnsServers": ["100.127.0.53"], "online": True},
        "undeclared": "x" * 1000,
    }
    shown = repr(structure(data, models.Sim))
    assert shown.startswith("Sim(sim_id='8942310022000000001', ")
    assert shown.endswith(", …)")
    assert len(shown) <= 120


def test_long_values_are_shortened():
    """A text is cut, of a list or object only the beginning is shown, and what comes behind is not pushed out."""
    thing = Thing(status="s" * 100, labels={"key": "v" * 100, "k" * 100: 1}, things=[*range(1000)], size=7)
    shown = "size=7, labels={…}, things=[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, …]"
    assert repr(thing) == f"Thing(status='{'s' * 39}…', {shown})"
    thing.status = None
    assert repr(thing).startswith(f"Thing(size=7, labels={{'key': '{'v' * 39}…', …}}, things=[0, 1, 2, ")
    assert repr(Thing(things=[*range(1000)])).startswith("Thing(things=[0, 1, 2, 3, ")
    assert repr(Thing(things=[Thing(name="a", size=1), b"b" * 100, (1, None)])) == (
        "Thing(things=[Thing(name='a', size=1), b'" + "b" * 37 + "…, [1, None]])"
    )


def test_one_line():
    """Whatever stands in it."""
    assert repr(structure({"status": "a\nb\u2028", "x\ny": 1, "": {"k\n": []}}, Thing)) == (
        r"Thing(status='a\nb\u2028', 'x\ny'=1, ''={'k\n': []})"
    )

    class Odd:
        def __repr__(self) -> str:
            return "<odd\n  one>"

    assert repr(Thing(things=[Odd()])) == "Thing(things=[<odd one>])"
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert repr(Thing(seen=moment)) == "Thing(seen=2026-01-02 03:04:05+00:00)"


def circles() -> list[Any]:
    items: list[Any] = [1]
    items.append(items)
    mapping: dict[str, Any] = {"a": 1}
    mapping["self"] = {"self": mapping}
    thing = Thing(name="n")
    thing.inner = thing
    thing.things = [thing]
    deep: Any = 1
    for _ in range(5000):
        deep = [{"a": deep}]
    return [items, mapping, thing, deep]


@pytest.mark.parametrize("value", circles(), ids=["list", "dict", "model", "deep"])
def test_what_contains_itself(value):
    """It is shown as far as it fits; so is what is nested without end."""
    assert repr(Thing(things=[value], name="x")).startswith("Thing(name='x', things=[")
    shown = hidden({"token": value, "other": value})
    assert shown["token"] == "**********"
    assert len(repr(Thing(labels=shown))) <= 120


@pytest.mark.parametrize(
    "value",
    [
        {"X-Api-Key": "canary"},
        {"Set-Cookie": "canary"},
        {"name": "password", "value": "canary"},
        "Bearer canary",
        "secret-canary0123",
        "https://user:canary@example.com/a",
        "see eyJh.canary.x",
    ],
)
def test_secrets_of_other_names_and_looks(value):
    """As headers, settings, tokens and addresses have them."""
    shown = repr(structure({"thingId": "t1", "undeclared": value, "labels": {"a": value}}, Thing))
    assert "canary" not in shown
    assert "t1" in shown
    assert HIDDEN in shown


def test_no_secret_at_any_depth():
    """A secret is hidden before anything is cut."""
    value: Any = {"token": "canary"}
    for _ in range(10):
        value = [value]
    assert "canary" not in repr(Thing(things=value, labels={"apiKey": "canary"}))
    assert "canary" not in str(hidden({"a": value}))


values = st.recursive(
    st.none() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.builds(Thing, things=st.lists(inner)),
)


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.sampled_from(["status", "labels", "thingId", "a b", "\n"]) | st.text(), values))
def test_property_it_fits(data):
    """Whatever came, it is one line of at most 120 characters."""
    shown = repr(structure(data, Thing))
    assert len(shown) <= 120
    assert shown.isprintable()
