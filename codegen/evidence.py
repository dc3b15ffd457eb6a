"""What the service sends and the document does not say: `evidence.toml`, and how it is merged.

A table is an owner: a schema, or an operation by its operationId. A key is a property by its name on the wire, behind
the names of the properties that hold it (`eventInfo.atomEventV1.type`), or a parameter. Its value says:

type        the type, as an annotation: `str`, `dict[str, Any]`, `list[str | float]`
unit        the unit, as `time-units.json` has it; that of a time is its type as well
seen        the year of the answer, "unknown" if nobody noted it, or "documentation" if only official prose says it
name        the Python name, if it is not the usual one; that of another field adds a wire name to the field
instead_of  the type that the document leads to, where the document declares the property, and declares it wrongly
also        the type of values that come beside those of the declared type, in place of `type`

A newer document wins: an entry that it declares itself, or declares otherwise than `instead_of`, has no effect, and
`needless` names it.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from attrs import Factory, define, field, frozen

from .annotations import Container, Name, Type, Union, render
from .units import BY_MAGNITUDE, TIME_NAMES, TIMES

PLAIN = frozenset({"Any", "bool", "float", "int", "str"})
_SEEN = re.compile(r"20[0-9]{2}|documentation|unknown")
_KEYS = frozenset({"also", "instead_of", "name", "seen", "type", "unit"})


@frozen
class Entry:
    """What is known of one property or parameter."""

    owner: str
    path: str
    type: Type
    seen: str
    unit: str = ""
    """The unit of a duration or of an amount."""
    name: str = ""
    instead_of: str | None = None
    also: bool = False

    def __str__(self) -> str:
        return f"{self.owner}.{self.path}"

    @property
    def parent(self) -> str:
        """The path of the property that holds it; empty at the top."""
        return self.path.rpartition(".")[0]

    @property
    def wire(self) -> str:
        """Its own name on the wire."""
        return self.path.rpartition(".")[2]

    @property
    def source(self) -> str:
        """Where it is known from."""
        return _SOURCES.get(self.seen, f"seen in {self.seen}")

    @property
    def fault(self) -> str:
        """What the document does, in its place."""
        if self.also:
            return f"declared without `{written(self.type)}`"
        if self.instead_of is None:
            return f"not declared as `{self.wire}`" if self.name else "not declared"
        return "without a unit" if self.instead_of in BY_MAGNITUDE.values() else f"declared as `{self.instead_of}`"

    @property
    def remark(self) -> str:
        """What a docstring says of it."""
        return f"{self.fault[0].upper()}{self.fault[1:]} in the API document; {self.source}."


_SOURCES = {"documentation": "from the documentation", "unknown": "seen in an answer"}


@define
class Evidence:
    """All entries, and what became of them."""

    entries: dict[tuple[str, str], Entry] = Factory(dict)
    needless: list[str] = Factory(list)
    """What to remove from the file, each with the reason."""
    _met: dict[tuple[str, str], str] = field(factory=dict, init=False)
    """The entries that the document has a place for, and the model that each is of."""

    @classmethod
    def read(cls, path: Path) -> Evidence:
        """Read a file; raises ValueError for an entry that says nothing, or what nobody understands."""
        return cls.of(tomllib.loads(path.read_text(encoding="utf-8")))

    @classmethod
    def of(cls, owners: dict[str, dict[str, dict[str, str]]]) -> Evidence:
        """Index the entries of a file; raises ValueError as `read` does."""
        entries = (_entry(owner, path, said) for owner, paths in owners.items() for path, said in paths.items())
        return cls({(each.owner, each.path): each for each in entries})

    def declared(self, owner: str, path: str, type_: Type) -> tuple[Type, Entry | None]:
        """Return the type of what the document declares, and the entry that it is from, if it is from one."""
        entry = self.entries.get((owner, path))
        if entry is None:
            return type_, None
        self._meet(entry, "")
        known = type_.items if isinstance(type_, Union) else (type_,)
        if type_ == entry.type or (entry.also and entry.type in known):
            return self._needless(entry, f"the document says {written(type_)} itself", type_)
        if entry.also:
            return Union((*known, entry.type)), entry
        if entry.instead_of is None:
            return self._needless(entry, "the document declares it", type_)
        if entry.instead_of != written(type_):
            return self._needless(entry, f"the document says {written(type_)}, not {entry.instead_of}", type_)
        return entry.type, entry

    def missing(self, owner: str, parent: str, declared: Collection[str], model: str) -> Iterator[Entry]:
        """Yield the properties of a model that the document does not declare."""
        for entry in self.entries.values():
            if (entry.owner, entry.parent) == (owner, parent) and entry.wire not in declared:
                if entry.instead_of is not None or entry.also:
                    raise ValueError(f"evidence: {entry}: the document does not declare what it is to correct")
                self._meet(entry, model)
                yield entry

    def check(self) -> None:
        """Raise ValueError for entries that the document has no place for."""
        lost = [str(each) for key, each in self.entries.items() if key not in self._met]
        if lost:
            raise ValueError(f"evidence: the document has no place for {', '.join(lost)}")

    def _meet(self, entry: Entry, model: str) -> None:
        if self._met.setdefault((entry.owner, entry.path), model) != model:
            raise ValueError(f"evidence: {entry}: there are several places of that name")

    def _needless(self, entry: Entry, why: str, type_: Type) -> tuple[Type, None]:
        self.needless.append(f"{entry} is no longer needed: {why}")
        return type_, None


def written(type_: Type) -> str:
    """Write a type as `instead_of` has it: enums written out."""
    return render(type_, lambda enum: enum.text)


def _entry(owner: str, path: str, said: dict[str, Any]) -> Entry:
    where = f"evidence: {owner}.{path}"
    if unknown := said.keys() - _KEYS:
        raise ValueError(f"{where}: {', '.join(sorted(unknown))} is not part of an entry")
    if not _SEEN.fullmatch(seen := said.get("seen", "")):
        raise ValueError(f"{where}: seen={seen!r} is no year, nor 'documentation' or 'unknown'")
    unit, texts = said.get("unit", ""), [said[key] for key in ("type", "also") if key in said]
    if unit in TIMES:
        texts.append(TIMES[unit])
    if len(texts) != 1:
        raise ValueError(f"{where}: one of type, also and the unit of a time must say the type")
    try:
        type_ = _parsed(ast.parse(texts[0], mode="eval").body)
    except (SyntaxError, ValueError):
        raise ValueError(f"{where}: {texts[0]!r} is not a type") from None
    remark = "" if unit in TIMES else unit
    return Entry(owner, path, type_, seen, remark, said.get("name", ""), said.get("instead_of"), "also" in said)


def _parsed(node: ast.AST) -> Type:
    """Return the type that an annotation says; raises ValueError for what is none."""
    match node:
        case ast.Name(name) if name in PLAIN | TIME_NAMES:
            return Name(name)
        case ast.Subscript(ast.Name("list"), item):
            return Container("list", _parsed(item))
        case ast.Subscript(ast.Name("dict"), ast.Tuple([ast.Name("str"), item])):
            return Container("dict", _parsed(item))
        case ast.BinOp(left, ast.BitOr(), right):
            first, last = _parsed(left), _parsed(right)
            return Union((*(first.items if isinstance(first, Union) else (first,)), last))
    raise ValueError("no type")
