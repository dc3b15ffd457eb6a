"""Models where pydantic and FastAPI read and write them."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

import pytest
from imports import loaded_after

pydantic = pytest.importorskip("pydantic")

from pydantic import BaseModel, TypeAdapter, ValidationError  # noqa: E402

from soracom_async import structure  # noqa: E402
from soracom_async._codec.fields import field_names, is_model, wire_name  # noqa: E402
from soracom_async._codec.model import Model  # noqa: E402
from soracom_async._codec.times import Day, EpochMilliseconds, ISODateTime  # noqa: E402

pytestmark = pytest.mark.anyio


class Leaf(Model):
    """Is within others."""

    size: int
    tree: Tree | None = None


class Flower(Model):
    color: str
    kind: Literal["flower"] | str | None = None


class Tree(Model, mfa_otp_code="mfaOTPCode"):
    """Has every kind of field."""

    tree_id: str
    mfa_otp_code: str | None = None
    height: float | None = None
    alive: bool | None = None
    count: int | None = None
    state: Literal["on", "off"] | str | None = None
    planted: EpochMilliseconds | None = None
    seen_at: ISODateTime | None = None
    day: Day | None = None
    leaf: Leaf | None = None
    leaves: list[Leaf] | None = None
    by_name: dict[str, Leaf] | None = None
    either: Leaf | Flower | None = None
    labels: dict[str, str] | None = None
    anything: Any = None
    raw: bytes | None = None


DATA = {
    "treeId": "t",
    "mfaOTPCode": None,
    "height": 1,
    "alive": True,
    "count": 10**30,
    "state": "unheard of",
    "planted": 1735611008967,
    "seenAt": "2024-05-29T16:26:40.000Z",
    "day": "20240529",
    "leaf": {"size": 1, "new": [None], "tree": {"treeId": "u", "other": 1}},
    "leaves": [{"size": 2}],
    "byName": {"a": {"size": 3}},
    "either": {"color": "red"},
    "labels": {"a": "b"},
    "anything": {"x": 1.5},
    "raw": "YWJj",
    "undeclared": {"deep": [1, "x", None]},
}


class Garden(BaseModel):
    """A model of the user's, with ours in it."""

    tree: Tree
    more: list[Tree] = []
    maybe: Tree | None = None


def errors(type_: Any, data: Any) -> list[tuple[Any, str]]:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(type_).validate_python(data)
    return [(error["loc"], error["type"]) for error in caught.value.errors()]


def test_reading_and_writing():
    """Wire JSON becomes a model and is the same JSON again, by text and by dict, alone and within."""
    adapter = TypeAdapter(Tree)
    for tree in (adapter.validate_python(DATA), adapter.validate_json(json.dumps(DATA))):
        assert tree == structure(DATA, Tree)
        assert tree.planted == datetime.fromtimestamp(1735611008.967, UTC)
        assert type(tree.leaf.tree) is Tree
        assert adapter.dump_python(tree) == DATA
        assert json.loads(adapter.dump_json(tree)) == DATA
        assert adapter.validate_python(tree) is tree
    garden = Garden.model_validate({"tree": DATA, "more": [structure(DATA, Tree)]})
    assert json.loads(garden.model_dump_json()) == {"tree": DATA, "more": [DATA], "maybe": None}
    assert Garden.model_validate(garden.model_dump()) == garden
    assert json.loads(TypeAdapter(list[Tree]).dump_json([structure(DATA, Tree)])) == [DATA]


def test_values_of_python_within_a_dict():
    """A dict may hold models and times already."""
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    data = {"treeId": "t", "planted": moment, "day": date(2026, 1, 1), "leaf": Leaf(size=1)}
    tree = TypeAdapter(Tree).validate_python(data)
    assert (tree.planted, tree.leaf) == (moment, Leaf(size=1))
    assert tree.to_dict() == {"treeId": "t", "planted": 1767225600000, "day": "20260101", "leaf": {"size": 1}}


def test_times_are_read_as_ever():
    """Text that is no usual time, and a number that is none, are taken as `structure` takes them."""
    data = {"treeId": "t", "seenAt": "2022-01-01T00:00:00:000Z", "day": "soon", "planted": 10**20}
    for tree in (TypeAdapter(Tree).validate_python(data), TypeAdapter(Tree).validate_json(json.dumps(data))):
        assert tree.to_dict() == data


def test_what_does_not_fit():
    """Each error says where."""
    assert errors(Tree, 5) == [((), "dict_type")]
    assert errors(Tree, {}) == [(("treeId",), "missing")]
    data = {"treeId": 1, "planted": "x", "seenAt": [], "day": [], "leaf": {"size": "1"}, "leaves": [{"size": 1}, {}]}
    assert errors(Tree, data) == [
        (("treeId",), "string_type"),
        (("planted",), "int_type"),
        (("seenAt",), "datetime_type"),
        (("day",), "string_type"),
        (("leaf", "size"), "int_type"),
        (("leaves", 1, "size"), "missing"),
    ]
    assert errors(Tree, {"treeId": "t", "either": {}}) == [
        (("either", "Leaf", "size"), "missing"),
        (("either", "Flower", "color"), "missing"),
    ]
    assert errors(Garden, {"tree": []}) == [(("tree",), "dict_type")]
    assert errors(Leaf | Flower, {}) == [
        (("function-wrap[Leaf()]", "size"), "missing"),
        (("function-wrap[Flower()]", "color"), "missing"),
    ]


def test_the_schema():
    """Properties have their names on the wire; models are by reference, though they hold each other."""
    made = TypeAdapter(Tree).json_schema()
    tree, leaf = made["$defs"]["Tree"], made["$defs"]["Leaf"]
    assert tree["required"] == ["treeId"]
    assert tree["description"] == "Has every kind of field."
    assert tree["additionalProperties"] is True
    properties = {name: {k: v for k, v in each.items() if k != "title"} for name, each in tree["properties"].items()}
    null = {"type": "null"}
    assert properties.keys() == DATA.keys() - {"undeclared"}
    assert properties["treeId"] == {"type": "string"}
    assert properties["planted"] == {"anyOf": [{"type": "integer"}, null]}
    assert properties["seenAt"] == {"anyOf": [{"type": "string", "format": "date-time"}, null]}
    assert properties["day"] == {"anyOf": [{"type": "string"}, null]}
    assert properties["state"] == {"anyOf": [{"type": "string", "enum": ["on", "off"]}, {"type": "string"}, null]}
    assert properties["leaf"] == {"anyOf": [{"$ref": "#/$defs/Leaf"}, null]}
    assert properties["leaves"] == {"anyOf": [{"type": "array", "items": {"$ref": "#/$defs/Leaf"}}, null]}
    assert properties["byName"]["anyOf"][0]["additionalProperties"] == {"$ref": "#/$defs/Leaf"}
    assert properties["either"] == {"anyOf": [{"$ref": "#/$defs/Leaf"}, {"$ref": "#/$defs/Flower"}, null]}
    assert leaf["properties"]["tree"] == {"anyOf": [{"$ref": "#/$defs/Tree"}, null]}
    assert TypeAdapter(Tree).json_schema(mode="serialization") == made


def test_every_model_has_a_schema():
    """Every model of the API can stand in an OpenAPI page."""
    from soracom_async import models

    for name in dir(models):
        if is_model(cls := getattr(models, name)):
            made = TypeAdapter(cls).json_schema()
            made = made["$defs"][name] if "$ref" in made else made
            assert made["title"] == name
            assert [*made["properties"]] == [wire_name(cls, field) for field in field_names(cls)]


def test_pydantic_is_loaded_by_pydantic_only():
    """Models are imported, made and shown without it."""
    loaded = loaded_after("from soracom_async.models import Sim; repr(Sim.from_dict(Sim(sim_id='1').to_dict()))")
    assert loaded.isdisjoint({"pydantic", "pydantic_core", "soracom_async._codec.pydantic_schema"})


async def test_fastapi():
    """Routes return and take models; what does not fit is a 422, and unknown fields go through."""
    fastapi = pytest.importorskip("fastapi")
    import httpx

    app = fastapi.FastAPI()

    @app.get("/one")
    async def one() -> Tree:
        return structure(DATA, Tree)

    @app.get("/many")
    async def many() -> list[Tree]:
        return [structure(DATA, Tree)]

    @app.get("/dict", response_model=Tree)
    async def as_dict() -> Any:
        return DATA

    async def take(tree: Any) -> Any:
        assert type(tree) is Tree
        return tree

    async def take_garden(garden: Garden) -> Garden:
        assert type(garden.tree) is Tree
        return garden

    take.__annotations__ = {"tree": Annotated[Tree, fastapi.Body()], "return": Tree}
    take_garden.__annotations__ = {"garden": Garden, "return": Garden}
    app.post("/one")(take)
    app.post("/garden")(take_garden)

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
        assert (await client.get("/one")).json() == DATA
        assert (await client.get("/many")).json() == [DATA]
        assert (await client.get("/dict")).json() == DATA
        assert (await client.post("/one", json=DATA)).json() == DATA
        answer = await client.post("/garden", json={"tree": DATA, "more": [DATA]})
        assert answer.json() == {"tree": DATA, "more": [DATA], "maybe": None}
        for path, wrong, place in (
            ("/one", 5, ["body"]),
            ("/one", {"treeId": "t", "leaf": {"size": "x"}}, ["body", "leaf", "size"]),
            ("/one", {"treeId": "t", "count": 1.5}, ["body", "count"]),
            ("/garden", {"tree": {}}, ["body", "tree", "treeId"]),
        ):
            answer = await client.post(path, json=wrong)
            assert answer.status_code == 422
            assert answer.json()["detail"][0]["loc"] == place
        document = (await client.get("/openapi.json")).json()
    schemas = document["components"]["schemas"]
    # What holds itself is there for input and for output.
    assert {"Tree-Input", "Tree-Output", "Leaf-Input", "Flower", "Garden-Output"} <= schemas.keys()
    body = document["paths"]["/one"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["$ref"] == "#/components/schemas/Tree-Input"
    assert "mfaOTPCode" in schemas["Tree-Output"]["properties"]
