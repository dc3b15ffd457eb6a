"""What can be done with a model: a changed copy, dicts and JSON of it."""

from __future__ import annotations

import copy
import importlib
import json
import pickle
from collections import OrderedDict, UserDict
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any

import attrs
import pytest

from soracom_async import json_default, structure, unstructure
from soracom_async._codec.model import Model
from soracom_async._codec.times import EpochMilliseconds, ISODateTime
from soracom_async._secret import Secret
from soracom_async.models import Sim


class Part(Model):
    size: int | None = None


class Thing(Model, odd_name="ODD"):
    name: str
    odd_name: int | None = None
    part: Part | None = None
    made: EpochMilliseconds | None = None
    seen: ISODateTime | None = None
    note: str | None = None


DATA = {
    "name": "n",
    "ODD": None,
    "part": {"size": 1, "new": 2},
    "seen": "2024-05-29T16:26:40+09:00",
    "x": {"a": [1]},
}


def copied(thing: Any, **changes: Any) -> Any:
    """Change a copy as `copy.replace` of Python 3.13 does."""
    return type(thing).__replace__(thing, **changes)


@pytest.mark.parametrize("replace", [Thing.replace, copied, getattr(copy, "replace", Thing.replace)])
def test_a_changed_copy_keeps_all_else(replace):
    """Undeclared fields, nulls, the text of times and what was set; the original is as it was."""
    thing = structure(DATA, Thing)
    changed = replace(thing, name="m", part=None)
    assert unstructure(changed) == DATA | {"name": "m", "part": None}
    assert type(changed) is Thing
    assert changed.extra == {"x": {"a": [1]}}
    assert unstructure(thing) == DATA
    assert replace(thing) == thing
    assert replace(thing) is not thing
    later = datetime(2025, 1, 1, tzinfo=UTC)
    assert unstructure(replace(thing, seen=later)) == DATA | {"seen": "2025-01-01T00:00:00.000Z"}
    assert unstructure(replace(Thing(name="a"), made=later)) == {"name": "a", "made": 1735689600000}
    changed.note = "x"
    assert thing.note is None


@pytest.mark.parametrize("name", ["nmae", "ODD", "x", "_more", "extra", "to_dict"])
def test_a_copy_is_changed_in_its_fields_alone(name):
    """A name that is no field is an error, and nothing is lost silently."""
    with pytest.raises(TypeError, match=f"Thing has no field '{name}'; it has name, odd_name, part, made, seen, note"):
        structure(DATA, Thing).replace(**{name: 1})


def test_evolve_is_refused():
    """`attrs.evolve` would lose what is no field: it says what to do instead."""
    for model in (structure(DATA, Thing), Thing(name="a"), Sim(sim_id="1")):
        with pytest.raises(TypeError, match=r"attrs.evolve would lose .* sim.replace\(status='active'\)"):
            attrs.evolve(model)
    with pytest.raises(TypeError, match="unexpected keyword argument 'nmae'"):
        Thing(nmae="a")
    assert attrs.evolve(Secrets("a"), kept="b") == Secrets("b")


@attrs.frozen
class Secrets:
    """Any other class."""

    kept: str


@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy, lambda thing: pickle.loads(pickle.dumps(thing))])
def test_copies_keep_all(how):
    """A copy of any kind is the same JSON."""
    thing = how(structure(DATA, Thing).replace(note="x"))
    assert unstructure(thing) == DATA | {"note": "x"}
    assert unstructure(how(thing.replace(note=None))) == DATA


def test_dicts():
    """`from_dict` and `to_dict` are `structure` and `unstructure`."""
    thing = Thing.from_dict(DATA)
    assert thing == structure(DATA, Thing)
    assert thing.to_dict() == unstructure(thing) == DATA
    assert Thing(name="a", part=Part(size=1)).to_dict() == {"name": "a", "part": {"size": 1}}
    assert Sim.from_dict({"simId": "1"}).sim_id == "1"
    for wrong in ([DATA], "x", None, thing, [("name", "n")]):
        with pytest.raises(TypeError, match=r"Thing.from_dict takes a dict of wire JSON, not"):
            Thing.from_dict(wrong)


def test_other_mappings():
    """Mappings and sequences of other classes are read as dicts and lists, however deep they are."""
    data = OrderedDict(
        DATA, part=MappingProxyType({"size": 1}), x=UserDict(a=(1,)), seen=datetime(2024, 5, 29, tzinfo=UTC)
    )
    thing = Thing.from_dict(data)
    assert thing == Thing.from_dict(MappingProxyType(data))
    assert thing.part == Part.from_dict({"size": 1})
    assert thing.extra == {"x": {"a": [1]}}
    assert thing.seen == data["seen"]


def test_the_default_of_json():
    """Models, wherever they are, times and bytes are written as the wire has them."""
    thing = structure(DATA, Thing)
    held = {
        "things": [thing],
        "at": datetime(2025, 1, 1, tzinfo=UTC),
        "day": date(2025, 1, 1),
        "raw": b"abc",
        "set": {1},
    }
    expected = {
        "things": [DATA],
        "at": "2025-01-01T00:00:00.000Z",
        "day": "2025-01-01T00:00:00.000Z",
        "raw": "YWJj",
        "set": [1],
    }
    assert json.loads(json.dumps(held, default=json_default)) == expected
    for wrong in (object(), Secret("canary"), 1j):
        with pytest.raises(TypeError, match=f"{type(wrong).__name__} cannot be written as JSON"):
            json.dumps([wrong], default=json_default)


def test_the_default_of_orjson():
    """It is one for orjson as well."""
    orjson = pytest.importorskip("orjson")
    assert json.loads(orjson.dumps([structure(DATA, Thing)], default=json_default)) == [DATA]


def test_no_field_is_called_like_a_method():
    """The methods of models are there in every one of them."""
    models = importlib.import_module("soracom_async.models")
    for name in dir(models):
        cls = getattr(models, name)
        if isinstance(cls, type) and issubclass(cls, Model):
            assert not {"replace", "to_dict", "from_dict", "extra"} & {f.name for f in attrs.fields(cls)}, name
