"""`python -m codegen [document] [time-units.json] [--target DIRECTORY]`: write `soracom_async/api/`."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from .document import Document, read, spec_directory
from .groups import tree
from .layout import lay_out
from .operations import read_operations
from .render import render
from .schemas import Schemas
from .units import Units
from .write import write

TAGS = ("Auth", "Operator", "Sim", "Subscriber", "Group")
"""The tags that are generated so far."""


def generate(document: Any, units: Any, tags: Iterable[str] = TAGS) -> dict[str, str]:
    """Turn the parsed document into the text of modules.

    All of it is read whatever the tags, so that the names do not depend on what is generated.
    """
    schemas = Schemas(Document(document), Units.of(units))
    operations = read_operations(schemas)
    classes = {group.class_name for top in tree(operations).values() for group in top.all()}
    schemas.enums.settle(classes | schemas.models.keys())
    return render(lay_out(schemas, operations, tags))


def main(arguments: Sequence[str] | None = None) -> None:
    """Read, generate, write."""
    spec = spec_directory()
    parser = argparse.ArgumentParser(prog="codegen", description=__doc__)
    parser.add_argument("document", nargs="?", type=Path, default=spec / "soracom-api.json")
    parser.add_argument("units", nargs="?", type=Path, default=spec / "time-units.json")
    parser.add_argument("--target", type=Path, default=Path(__file__).parents[1] / "soracom_async" / "api")
    given = parser.parse_args(arguments)
    write(generate(read(given.document), read(given.units)), given.target)


if __name__ == "__main__":
    main()
