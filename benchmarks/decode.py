"""A page of 100 SIMs from bytes to models, beside dicts and beside other libraries with the same models.

    python -m benchmarks.decode

The peers' models are made from ours: the same fields by the same names on the wire, the same nesting, datetimes where
ours are datetimes. Before anything is measured, all are checked to have read the same. Ours alone give the same JSON
back, nulls apart from absence, and take values of a type that is not declared.
"""

from __future__ import annotations

import argparse
import gc
import json
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from statistics import median
from typing import Any, Union

import anyio
import attrs
import httpx
import orjson

from soracom_async import structure, unstructure
from soracom_async._codec.annotations import (
    Annotation,
    Array,
    Map,
    Object,
    OneOf,
    Time,
    Value,
    Values,
    annotation,
)
from soracom_async._codec.codec import decode
from soracom_async._codec.model import Model, field_types, wire_name
from soracom_async._codec.times import Unit
from soracom_async.api._shared import Sim
from soracom_async.emulator import Emulator

from ._common import show

IN_MILLISECONDS = (Unit.MILLISECONDS, Unit.MILLISECONDS_OR_SECONDS)
IN_SECONDS = (Unit.SECONDS, Unit.SECONDS_OR_MILLISECONDS)
"""Units as the emulator writes them: the peers that must be told do not look at the magnitude."""
Variant = Callable[[bytes], Any]
"""Turns the bytes of a page into what its library makes of it."""
BASE = "orjson.loads, dicts"


async def page() -> bytes:
    """Return the bytes of a page, as the emulator answers."""
    emulator = Emulator(sims=100)
    async with httpx.AsyncClient(transport=emulator.transport, base_url="http://emulator") as client:
        key = emulator.auth_key
        login = await client.post("/v1/auth", json={"authKeyId": key.auth_key_id, "authKey": key.auth_key.reveal()})
        token = login.json()
        headers = {"x-soracom-api-key": token["apiKey"], "x-soracom-token": token["token"]}
        answer = await client.get("/v1/sims?limit=100", headers=headers)
    return answer.raise_for_status().content


def converted(type_: Any, model: Callable[[Any], Any], times: dict[Unit, Any]) -> Any:
    """Return one of our types as a peer writes it: with its models and its times in it."""
    return _converted(annotation(type_), model, times)


def _converted(tree: Annotation, model: Callable[[Any], Any], times: dict[Unit, Any]) -> Any:
    match tree:
        case Time(unit):
            return times[unit]
        case Object(cls):
            return model(cls)
        case OneOf(choices):
            inner = {_converted(each, model, times): None for each in choices if not isinstance(each, Values)}
            return Union[tuple(inner)]  # noqa: UP007 - made at run time
        case Array(item):
            return list[_converted(item, model, times)]  # type: ignore[misc]  # made at run time
        case Map(item):
            return dict[str, _converted(item, model, times)]  # type: ignore[misc]
        case Values():
            return str
        case Value(kind):
            return kind


def fields(
    cls: Any, model: Callable[[Any], Any], times: dict[Unit, Any]
) -> list[tuple[attrs.Attribute[Any], str, Any]]:
    """Return the fields of one of our models: each with its name on the wire and its type as a peer writes it."""
    types = field_types(cls)
    return [(f, wire_name(cls, f.name), converted(types[f.name], model, times)) for f in attrs.fields(cls)]


def with_cattrs() -> Variant:
    """Return stock cattrs with attrs classes: renamed fields and one hook for each kind of time, made for JSON."""
    from cattrs import Converter
    from cattrs.gen import make_dict_structure_fn, override

    class Milliseconds(datetime): ...

    class Seconds(datetime): ...

    class Text(datetime): ...

    converter = Converter(detailed_validation=False)
    converter.register_structure_hook(Milliseconds, lambda value, _: datetime.fromtimestamp(value / 1000, UTC))
    converter.register_structure_hook(Seconds, lambda value, _: datetime.fromtimestamp(value, UTC))
    converter.register_structure_hook(Text, lambda value, _: datetime.fromisoformat(value))
    times: dict[Unit, Any] = dict.fromkeys(Unit, Text)
    times |= dict.fromkeys(IN_MILLISECONDS, Milliseconds) | dict.fromkeys(IN_SECONDS, Seconds)

    @cache
    def model(cls: Any) -> Any:
        of = fields(cls, model, times)
        made = attrs.make_class(
            cls.__name__, {f.name: attrs.field(default=f.default, type=type_) for f, _, type_ in of}, kw_only=True
        )
        renamed: dict[str, Any] = {f.name: override(rename=wire) for f, wire, _ in of}
        converter.register_structure_hook(made, make_dict_structure_fn(made, converter, **renamed))
        return made

    many: Any = list.__class_getitem__(model(Sim))
    return lambda content: converter.structure(orjson.loads(content), many)


def with_pydantic() -> Variant:
    """Return pydantic with its own JSON parser, aliases, and its own datetimes, which take milliseconds as they are."""
    from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, create_model

    class Base(BaseModel):
        model_config = ConfigDict(extra="allow")

    @cache
    def model(cls: Any) -> Any:
        of = fields(cls, model, dict.fromkeys(Unit, datetime))
        given: dict[str, Any] = {
            f.name: (type_, Field(alias=wire) if f.default is attrs.NOTHING else Field(f.default, alias=wire))
            for f, wire, type_ in of
        }
        return create_model(cls.__name__, __base__=Base, **given)

    many: Any = list.__class_getitem__(model(Sim))
    adapter: TypeAdapter[Any] = TypeAdapter(many)
    return adapter.validate_json


def with_msgspec() -> Variant:
    """Return msgspec structs, decoded by its own parser; it reads seconds only, so a hook reads milliseconds."""
    import msgspec

    class AnyTime(type):
        def __instancecheck__(cls, value: object) -> bool:
            return isinstance(value, datetime)

    class Milliseconds(metaclass=AnyTime): ...

    def hook(type_: Any, value: Any) -> Any:
        return datetime.fromtimestamp(value / 1000, UTC)

    @cache
    def model(cls: Any) -> Any:
        of = fields(cls, model, dict.fromkeys(Unit, datetime) | dict.fromkeys(IN_MILLISECONDS, Milliseconds))
        given = [(f.name, t) if f.default is attrs.NOTHING else (f.name, t, f.default) for f, _, t in of]
        return msgspec.defstruct(cls.__name__, given, rename={f.name: wire for f, wire, _ in of}, kw_only=True)

    many: Any = list.__class_getitem__(model(Sim))
    return msgspec.json.Decoder(many, dec_hook=hook, strict=False).decode


def with_ours(loads: Callable[[bytes], Any]) -> Variant:
    """Return ours, as a session reads an answer, over a JSON parser."""
    many = list[Sim]
    return lambda content: structure(loads(content), many)


CONTENDERS: dict[str, Callable[[], Variant]] = {
    BASE: lambda: orjson.loads,
    "soracom_async": lambda: with_ours(decode),
    "json.loads, dicts": lambda: json.loads,
    "soracom_async without orjson": lambda: with_ours(json.loads),
    "msgspec structs": with_msgspec,
    "pydantic models": with_pydantic,
    "cattrs with attrs classes, over orjson": with_cattrs,
}


def check(ours: Any, theirs: Any) -> None:
    """Raise AssertionError where a peer has read something else than ours."""
    if isinstance(ours, Model):
        for name in field_types(type(ours)):
            check(getattr(ours, name), getattr(theirs, name))
    elif isinstance(ours, list):
        for our, their in zip(ours, theirs, strict=True):
            check(our, their)
    elif isinstance(ours, dict):
        assert ours.keys() == theirs.keys()
        for name, our in ours.items():
            check(our, theirs[name])
    else:
        assert ours == theirs, (ours, theirs)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=101)
    rounds = parser.parse_args().rounds
    content = anyio.run(page)
    transports: dict[str, Variant] = {}
    missing: list[str] = []
    for name, make in CONTENDERS.items():
        try:
            transports[name] = make()
        except ImportError as error:
            missing.append(f"{name}: {error.name} is not installed.")
    ours = transports["soracom_async"](content)
    dicts = orjson.loads(content)
    assert unstructure(ours) == dicts
    for name, way in transports.items():
        check(dicts if "dicts" in name else ours, way(content))
    transports["soracom_async, back to dicts"] = lambda _: unstructure(ours)
    taken: dict[str, list[float]] = defaultdict(list)
    gc.collect()
    for _ in range(rounds):
        for name, way in transports.items():
            begun = time.perf_counter()
            way(content)
            way(content)
            taken[name].append((time.perf_counter() - begun) / 2)
    base = median(taken[BASE])
    rows = [
        [name, f"{median(each) * 1e6:,.0f}", f"{median(each) / base:.2f}", f"{min(each) / min(taken[BASE]):.2f}"]
        for name, each in taken.items()
    ]
    note = f"Medians of {rounds} interleaved rounds; 100 full SIMs, {len(content):,} bytes. {' '.join(missing)}"
    show("Decoding a page", ["", "us a page", f"of {BASE}", "of the best"], rows, note)


if __name__ == "__main__":
    main()
