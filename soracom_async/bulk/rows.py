"""Rows of a file as the keys of a run: CSV, or JSON lines."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from .._codec.shown import hidden
from .text_files import Source, TextFile

SUFFIXES = (".jsonl", ".ndjson")
DELIMITERS = ",\t;"
COMMENT = "#"
"""What the names of columns begin with that are no arguments: those that say why a row failed."""

_SHORTENED = re.compile(r"-?\d(?:(?:[.,]\d+)?[Ee]\+|[.,]\d+[Ee])\d+")
_AS_FORMULA = re.compile(r'="([^"]*)"')
"""A formula that is a text: it keeps a spreadsheet from taking the text for a number."""


class Row(dict[str, Any]):
    """The arguments of one call, by name; `number` is the line of the file where the row begins, counted from 1."""

    __slots__ = ("number",)

    def __init__(self, values: Mapping[str, Any] | Iterable[tuple[str, Any]], number: int) -> None:
        super().__init__(values)
        self.number: int = number

    def __repr__(self) -> str:
        return repr(hidden(self))  # a row is soon printed, and may have a password


class Rows:
    """The rows of a file, which is read anew by each loop, a row at a time; `len` is their number."""

    def __init__(self, file: TextFile, read: Callable[[], Iterator[Row]], columns: tuple[str, ...], count: int) -> None:
        self._file = file
        self._read = read
        self._count = count
        self.columns: tuple[str, ...] = columns
        """The names of the arguments; of JSON lines, all that any row has."""

    @property
    def path(self) -> Path | None:
        """The file; None if it was given as an open file."""
        return self._file.path

    def renamed(self, names: Mapping[str, str]) -> Rows:
        """Return the same rows with other names of columns: `names` has the new name of each, by the present one.

        Names that no column has are passed over. Raises ConfigurationError if two columns would have one name.
        """
        columns = [names.get(name, name) for name in self.columns]
        for place, name in enumerate(columns):
            if (first := columns.index(name)) < place:
                both = f"{self.columns[first]!r} and {self.columns[place]!r}"
                raise self._file.error(f"has the columns {both}, which are the same argument: keep one of them")

        def read() -> Iterator[Row]:
            for row in self._read():
                yield Row({names.get(name, name): value for name, value in row.items()}, row.number)

        return Rows(self._file, read, tuple(columns), self._count)

    def check_consistent(self, names: Collection[str]) -> None:
        """Raise ConfigurationError if two rows are of the same thing, and contradict each other in what they set.

        `names` are the columns that name the thing. A row that comes twice is no contradiction. The file is read
        once or twice for this, and only a number is kept of each row.
        """
        hashes = sorted(hash(_of(row, names)) for row in self)
        several = {one for one, other in pairwise(hashes) if one == other}
        known: dict[str, Row] = {}
        for row in self if several else ():
            if hash(thing := _of(row, names)) not in several:
                continue
            before = known.setdefault(thing, row)
            for name in row:
                if name in before and before[name] != row[name]:
                    what = f"has another {name!r} for the same {', '.join(names)} than line {before.number}"
                    raise self._file.error(f"{what}: keep one of them", row.number)
            before.update(row)

    def __iter__(self) -> Iterator[Row]:
        count = 0
        for row in self._read():
            count += 1
            yield row
        if count != self._count:
            raise self._file.error(f"has {count} rows, but had {self._count}: the file has changed")

    def __len__(self) -> int:
        return self._count

    def __repr__(self) -> str:
        return f"<{self._count} rows of {self._file.name}: {', '.join(self.columns)}>"


def _of(row: Row, names: Iterable[str]) -> str:
    return repr([row.get(name) for name in names])


def rows(source: Source, *, encoding: str | None = None) -> Rows:
    """Return the rows of a file, a path or an open file, as keys of `bulk.run` and `bulk.plan`.

    CSV: the first line names the columns, which are arguments such as `sim_id`. They are separated by commas, tabs or
    semicolons. Blanks around a cell are left out, an empty cell is an argument that is not given, and so is a column
    whose name begins with `#`. JSON lines (`.jsonl`, `.ndjson`, or text that begins with `{`): one object a line.

    `encoding` is that of the file; None finds it out: UTF-8, UTF-16 or UTF-32 with a byte order mark, or cp932, which
    Excel writes in Japan. The whole file is checked here, so that nothing is sent if a row is wrong: a second or two
    for a million rows. Memory holds one row.

    Raises ConfigurationError, which names the file and the line, if it cannot be read or has no rows, if a name is
    missing or doubled, if a row has too many or too few cells, or if Excel has shortened a number.
    """
    file = TextFile(source, encoding)
    first = next((line for line in file.lines() if line.strip()), "")
    if not first:
        raise file.error("is empty: its first line must name the arguments, as in sim_id,speed_class")
    suffix = file.path.suffix.lower() if file.path is not None else ""
    if suffix in SUFFIXES or first.lstrip().startswith("{"):
        return _json_lines(file)
    if first.lstrip().startswith("["):
        raise file.error("is a JSON array: write one object a line (JSON lines), or CSV")
    return _csv(file, max(DELIMITERS, key=first.count))


def _csv(file: TextFile, delimiter: str) -> Rows:
    number, header = next(_records(file, delimiter))
    for place, name in enumerate(header):
        if not name:
            raise file.error(f"has no name for column {place + 1}: name it, or delete the column", number)
        if header.index(name) < place:
            raise file.error(f"has the column {name!r} twice: delete or rename one of them", number)
    taken = [(place, name) for place, name in enumerate(header) if not name.startswith(COMMENT)]
    if not taken:
        raise file.error(
            "names no argument, only columns that begin with #, as a file of failures does if nothing failed", number
        )

    def read() -> Iterator[Row]:
        records = _records(file, delimiter)
        if next(records, (number, header))[1] != header:
            raise file.error("has other columns than it had: the file has changed")
        for line, cells in records:
            if len(cells) != len(header):
                many = f"has {len(cells)} cells, but there are {len(header)} columns"
                raise file.error(f"{many}: a delimiter is missing or too many, or a cell needs quotes", line)
            for place, name in taken:
                if ("E" in cells[place] or "e" in cells[place]) and _SHORTENED.fullmatch(cells[place]):
                    raise file.error(
                        f"has {cells[place]} in column {name!r}: a spreadsheet has shortened the number. "
                        "Format the column as text there, and fill it again",
                        line,
                    )
            yield Row(((name, cells[place]) for place, name in taken if cells[place]), line)

    count = sum(1 for _ in read())
    if not count:
        raise file.error("has a header, but no rows")
    return Rows(file, read, tuple(name for _, name in taken), count)


def _records(file: TextFile, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Give each row that is not empty, the header first, with the line where it begins."""
    reader = csv.reader(file.lines(), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise file.error(f"cannot be read: {error}; is a quote missing, or one too many?", line) from None
        cells = [cell.strip() for cell in cells]
        if '="' in "".join(cells):
            cells = [match[1] if (match := _AS_FORMULA.fullmatch(cell)) else cell for cell in cells]
        if any(cells):
            yield line, cells


def _json_lines(file: TextFile) -> Rows:
    def read() -> Iterator[Row]:
        for line, text in enumerate(file.lines(), 1):
            if text.strip():
                yield Row(_object(file, line, text), line)

    columns: dict[str, None] = {}
    count = 0
    for row in read():
        columns.update(dict.fromkeys(row))
        count += 1
    if not columns:
        raise file.error('names no argument: each line must be an object that has some, as in {"sim_id": "…"}')
    return Rows(file, read, tuple(columns), count)


def _object(file: TextFile, line: int, text: str) -> dict[str, Any]:
    try:
        found = json.loads(text, object_pairs_hook=_without_doubles, parse_constant=_refuse, parse_float=_finite)
    except json.JSONDecodeError as error:
        raise file.error(f"is no JSON: {error.msg} at character {error.colno}", line) from None
    except (ValueError, RecursionError) as error:
        raise file.error(f"is no JSON that can be read: {error}", line) from None
    if not isinstance(found, dict):
        raise file.error('is no object: each line must be one, as in {"sim_id": "…"}', line)
    return {name: value for name, value in found.items() if not name.startswith(COMMENT)}


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in pairs:
        if name in made:
            raise ValueError(f"{name!r} is there twice")
        made[name] = value
    return made


def _finite(number: str) -> float:
    value = float(number)
    return value if math.isfinite(value) else _refuse(number)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no value of JSON")
