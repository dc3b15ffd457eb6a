"""The OpenAPI document: reading it, following references, walking its operations."""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from attrs import frozen

METHODS = ("get", "put", "post", "delete", "head", "patch")
Schema = dict[str, Any]


def spec_directory() -> Path:
    """Where the document is unless told: `SORACOM_SPEC`, or `../shared/spec` beside the project."""
    return Path(os.environ.get("SORACOM_SPEC") or Path(__file__).parents[2] / "shared" / "spec")


def read(path: Path) -> Any:
    """Read JSON, or YAML by its suffix."""
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix in (".yaml", ".yml"):
        return importlib.import_module("yaml").safe_load(text)
    return json.loads(text)


@frozen
class Document:
    """The parsed document."""

    data: dict[str, Any]

    @property
    def schemas(self) -> dict[str, Schema]:
        """The named schemas, in the document's order."""
        schemas: dict[str, Schema] = self.data.get("components", {}).get("schemas", {})
        return schemas

    def operations(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Walk path, method and operation, in the document's order."""
        for path, item in self.data["paths"].items():
            for method in METHODS:
                if method in item:
                    yield path, method.upper(), item[method]

    def resolve(self, value: dict[str, Any]) -> dict[str, Any]:
        """Follow references until something is said; what stands beside a `$ref` is ignored, as OpenAPI 3.0 has it."""
        while "$ref" in value:
            target: Any = self.data
            for key in value["$ref"].removeprefix("#/").split("/"):
                target = target[key]
            value = target
        return value


def reference(schema: Schema) -> str | None:
    """Return the name of the schema that `schema` only refers to."""
    return schema["$ref"].rpartition("/")[2] if "$ref" in schema else None
