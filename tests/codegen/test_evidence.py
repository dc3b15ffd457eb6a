"""Evidence: what the service sends and the document does not say is merged, as long as no newer document says it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from codegen.__main__ import plan
from codegen.evidence import Evidence
from codegen.render import render
from codegen.render_reference import reference


def ref(name: str) -> dict[str, Any]:
    """Refer to a schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def document(**properties: Any) -> dict[str, Any]:
    """Make a document of one operation, whose answer has these properties."""
    got = {
        "operationId": "getSim",
        "tags": ["Sim"],
        "x-soracom-cli": ["sims get"],
        "security": [{"api_key": []}],
        "parameters": [{"in": "path", "name": "port", "required": True, "schema": {"type": "string"}}],
        "responses": {"200": {"content": {"application/json": {"schema": ref("Sim")}}}},
    }
    sim = {"properties": {"simId": {"type": "string"}, **properties}}
    return {"paths": {"/sims/{port}": {"get": got}}, "components": {"schemas": {"Sim": sim}}}


def generated(document: Any, evidence: Evidence, units: list[Any] | None = None) -> str:
    """Return the module that a document and evidence give."""
    text = render(plan(document, units or [], evidence=evidence))["sim.py"]
    compile(text, "sim.py", "exec")
    return text


def of(**entries: dict[str, str]) -> Evidence:
    """Make evidence about the schema `Sim`."""
    return Evidence.of({"Sim": {path.replace("__", "."): {"seen": "2025", **said} for path, said in entries.items()}})


SEEN = {"owner": "Sim", "name": "seenAt", "kind": "instant", "unit": "unstated", "type": "integer"}


def test_a_field_that_the_document_lacks() -> None:
    """It is a field with its source, behind those of the document; its wire name is kept."""
    evidence = of(
        localInfo={"type": "dict[str, Any]"},
        imageURLs={"type": "list[str]"},
        size={"type": "int", "unit": "bytes", "seen": "documentation"},
        seenAt={"unit": "epoch seconds with a fraction", "seen": "unknown"},
    )
    text = generated(document(), evidence)
    assert 'class Sim(Model, image_urls="imageURLs"):' in text
    for line in (
        '    local_info: dict[str, Any] | None = None\n    """Not declared in the API document; seen in 2025."""',
        "    image_urls: list[str] | None = None",
        '    """In bytes. Not declared in the API document; from the documentation."""',
        '    seen_at: FractionalSeconds | None = None\n    """Not declared in the API document; seen in an answer."""',
    ):
        assert line in text
    assert text.index("sim_id:") < text.index("local_info:")
    assert evidence.needless == []


def test_a_field_within_another() -> None:
    """A path leads to the property of an object that has no name."""
    inner = {"properties": {"deep": {"properties": {"a": {"type": "string"}}}}}
    text = generated(document(info=inner), of(info__deep__b={"type": "int"}))
    assert "class SimInfoDeep(Model):\n    a: str | None = None\n    b: int | None = None\n" in text


def test_a_type_that_the_document_has_wrong() -> None:
    """It is corrected: the type, or the unit of a time."""
    evidence = of(
        localInfo={"type": "dict[str, Any]", "instead_of": "dict[str, str]"},
        seenAt={"unit": "epoch milliseconds", "instead_of": "MillisecondsOrSeconds"},
    )
    strings = {"type": "object", "additionalProperties": {"type": "string"}}
    text = generated(document(localInfo=strings, seenAt={"type": "integer"}), evidence, [SEEN])
    assert "local_info: dict[str, Any] | None = None" in text
    assert "Declared as `dict[str, str]` in the API document; seen in 2025." in text
    assert "seen_at: EpochMilliseconds | None = None" in text
    assert "Without a unit in the API document; seen in 2025." in text
    assert "by magnitude" not in text


def test_a_parameter() -> None:
    """The owner of a parameter is its operation."""
    evidence = Evidence.of({"getSim": {"port": {"type": "int", "instead_of": "str", "seen": "documentation"}}})
    text = generated(document(), evidence)
    assert 'path_types={"port": int}' in text
    assert "async def get(self, port: int) -> Sim:" in text
    assert "port: Declared as `str` in the API document; from the documentation." in text


def test_values_of_another_type_beside_the_declared_ones() -> None:
    """The type is one of both."""
    word = {"type": "string", "enum": ["a", "b"]}
    several = {"oneOf": [{"type": "string"}, {"type": "integer"}]}
    text = generated(document(kind=word, several=several), of(kind={"also": "list[str]"}, several={"also": "bool"}))
    assert 'kind: Literal["a", "b"] | str | list[str] | None = None' in text
    assert "Declared without `list[str]` in the API document; seen in 2025." in text
    assert "several: str | int | bool | None = None" in text


def test_another_name_of_a_field() -> None:
    """A field that the service misspells is read from both names."""
    evidence = of(seenAtt={"name": "seen_at", "type": "str"})
    text = generated(document(seenAt={"type": "string"}), evidence)
    assert 'class Sim(Model, seen_at=("seenAt", "seenAtt")):' in text
    assert text.count("seen_at: str | None = None") == 1
    said = "Also read from `seenAtt`. Not declared as `seenAtt` in the API document; seen in 2025."
    assert said in text
    text = generated(document(), of(seenAtt={"name": "seen_at", "type": "str"}))
    assert 'class Sim(Model, seen_at="seenAtt"):' in text


@pytest.mark.parametrize(
    ("entry", "declared", "type_", "why"),
    [
        ({"type": "int"}, {"type": "integer"}, "int", "the document says int itself"),
        ({"type": "int"}, {"type": "boolean"}, "bool", "the document declares it"),
        (
            {"type": "int", "instead_of": "str"},
            {"type": "number"},
            "float",
            "the document says float, not str",
        ),
        (
            {"also": "list[str]"},
            {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
            "str | list[str]",
            "the document says str | list[str] itself",
        ),
    ],
)
def test_a_newer_document_wins(entry: dict[str, str], declared: dict[str, Any], type_: str, why: str) -> None:
    """What it declares counts, and the entry is named as needless."""
    evidence = of(count=entry)
    text = generated(document(count=declared), evidence)
    assert f"    count: {type_} | None = None\n" in text
    assert "seen in" not in text
    assert evidence.needless == [f"Sim.count is no longer needed: {why}"]


@pytest.mark.parametrize(
    ("entries", "problem"),
    [
        ({"Ghost": {"a": {"type": "str", "seen": "2025"}}}, "the document has no place for Ghost.a"),
        ({"Sim": {"ghost.a": {"type": "str", "seen": "2025"}}}, "the document has no place for Sim.ghost.a"),
        ({"Sim": {"a": {"type": "text", "seen": "2025"}}}, "Sim.a: 'text' is not a type"),
        ({"Sim": {"a": {"type": "list[", "seen": "2025"}}}, "Sim.a: 'list[' is not a type"),
        ({"Sim": {"a": {"type": "set[str]", "seen": "2025"}}}, "Sim.a: 'set[str]' is not a type"),
        ({"Sim": {"a": {"unit": "fortnights", "seen": "2025"}}}, "one of type, also and the unit of a time must say"),
        ({"Sim": {"a": {"type": "str", "also": "int", "seen": "2025"}}}, "one of type, also and the unit of a time"),
        ({"Sim": {"a": {"type": "str"}}}, "Sim.a: seen='' is no year, nor 'documentation' or 'unknown'"),
        ({"Sim": {"a": {"type": "str", "seen": "2025", "note": "x"}}}, "Sim.a: note is not part of an entry"),
        ({"Sim": {"a": {"also": "str", "seen": "2025"}}}, "Sim.a: the document does not declare what it is to correct"),
        (
            {"Sim": {"a": {"type": "str", "instead_of": "int", "seen": "2025"}}},
            "Sim.a: the document does not declare what it is to correct",
        ),
        ({"Sim": {"a": {"type": "int", "name": "sim_id", "seen": "2025"}}}, "Sim.a: sim_id is of another type already"),
    ],
)
def test_an_entry_that_says_nothing_true_stops_the_generator(entries: Any, problem: str) -> None:
    """The entry is named, with what is wrong."""
    with pytest.raises(ValueError, match=re.escape(problem)):
        plan(document(), [], evidence=Evidence.of(entries))


def test_an_owner_that_stands_for_two_models() -> None:
    """An operation whose body and answer both lack a name is no place for a field."""
    data = document()
    anonymous = {"content": {"application/json": {"schema": {"properties": {"a": {"type": "string"}}}}}}
    got = data["paths"]["/sims/{port}"]["get"]
    got["requestBody"], got["responses"] = anonymous, {"200": anonymous}
    with pytest.raises(ValueError, match="getSim.b: there are several places of that name"):
        plan(data, [], evidence=Evidence.of({"getSim": {"b": {"type": "str", "seen": "2025"}}}))


def test_the_file_is_read(tmp_path: Path) -> None:
    """A table is an owner, a key a path; a union of types is one type."""
    path = tmp_path / "evidence.toml"
    path.write_text('[Sim]\n"a.b" = {type = "list[str | float | bool]", seen = "2019"}\n', encoding="utf-8")
    entry = Evidence.read(path).entries["Sim", "a.b"]
    assert (entry.parent, entry.wire, str(entry)) == ("a", "b", "Sim.a.b")


def test_the_reference_marks_what_is_known_from_elsewhere() -> None:
    """Its last section lists fields and arguments, with the years; without any there is none."""
    entries = {
        "Sim": {"plmn": {"type": "str | int", "seen": "2025"}},
        "getSim": {"port": {"type": "int", "instead_of": "str", "seen": "documentation"}},
    }
    page = reference(plan(document(), [], evidence=Evidence.of(entries)))
    assert "| Sim | `plmn` | `plmn` | `str \\| int` | not declared | 2025 |\n" in page
    assert "| getSim | `port` | `port` | `int` | declared as `str` | documentation |\n" in page
    assert "  - `port` `int`: Declared as `str` in the API document; from the documentation.\n" in page
    assert "\n## Beyond the API document\n" not in reference(plan(document(), []))


def test_models_that_one_property_tells_apart() -> None:
    """The client fills in what has one value in each; what is required must be given all the same."""

    def kind(value: str, **more: Any) -> dict[str, Any]:
        return {"properties": {"type": {"type": "string", "enum": [value]}, "n": {"type": "integer"}}, **more}

    def models(schemas: dict[str, Any]) -> str:
        data = document(way={"oneOf": [ref(name) for name in schemas]})
        data["components"]["schemas"] |= schemas
        return generated(data, Evidence())

    text = models({"Slow": kind("slow"), "Fast": kind("fast")})
    assert 'type: Literal["slow"] | str | None = "slow"\n    """The client fills in `slow`."""' in text
    assert 'type: Literal["fast"] | str | None = "fast"' in text
    for others in (
        {"Slow": kind("slow"), "Fast": kind("slow")},
        {"Slow": kind("slow"), "Fast": {"properties": {"n": {"type": "integer"}}}},
        {"Slow": kind("slow", required=["type"]), "Fast": kind("fast", required=["type"])},
    ):
        assert "fills in" not in models(others)
