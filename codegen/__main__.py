"""`python -m codegen [document] [time-units.json]`: write `soracom_async/api/` and `docs/reference.md`.

It prints the entries of `codegen/evidence.toml` that the document has made needless.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from .document import Document, read, spec_directory
from .evidence import Evidence
from .groups import tree
from .layout import Layout, lay_out
from .operations import read_operations
from .render import render
from .render_reference import reference
from .schemas import Schemas
from .units import Units
from .wording import Prose
from .write import write

ROOT = Path(__file__).parents[1]
PROSE = ROOT / "codegen" / "prose"
EVIDENCE = ROOT / "codegen" / "evidence.toml"


def plan(
    document: Any,
    units: Any,
    tags: Iterable[str] | None = None,
    prose: Prose | None = None,
    evidence: Evidence | None = None,
) -> Layout:
    """Turn the parsed document into a layout of modules, for some of its tags or for all, with our own `prose`.

    All of it is read whatever the tags, so that the names do not depend on what is generated. Raises ValueError for
    prose and `evidence` that the document has no place for.
    """
    schemas = Schemas(Document(document), Units.of(units), evidence or Evidence())
    operations = read_operations(schemas)
    schemas.evidence.check()
    classes = {group.class_name for top in tree(operations).values() for group in top.all()}
    schemas.enums.settle(classes | schemas.models.keys())
    if prose is not None:
        prose.check(operations, schemas.models)
    return lay_out(schemas, operations, {o.tag for o in operations} if tags is None else tags, prose or Prose())


def main(arguments: Sequence[str] | None = None) -> None:
    """Read, generate, write."""
    spec = spec_directory()
    parser = argparse.ArgumentParser(prog="codegen", description=__doc__)
    parser.add_argument("document", nargs="?", type=Path, default=spec / "soracom-api.json")
    parser.add_argument("units", nargs="?", type=Path, default=spec / "time-units.json")
    parser.add_argument("--target", type=Path, default=ROOT / "soracom_async" / "api", help="where the modules go")
    parser.add_argument("--docs", type=Path, default=ROOT / "docs", help="where the reference goes")
    parser.add_argument("--prose", type=Path, default=PROSE, help="where our own descriptions are")
    parser.add_argument("--evidence", type=Path, default=EVIDENCE, help="what the document does not say")
    given = parser.parse_args(arguments)
    for path in (given.document, given.units):
        if not path.is_file():
            parser.error(f"there is no {path}: give the path of a copy of the document, or set SORACOM_SPEC")
    evidence = Evidence.read(given.evidence)
    layout = plan(read(given.document), read(given.units), prose=Prose.read(given.prose), evidence=evidence)
    for said in evidence.needless:
        print(f"{given.evidence.name}: {said}")
    write(render(layout), given.target, "*.py")
    write({"reference.md": reference(layout)}, given.docs, "reference.md")


if __name__ == "__main__":
    main()
