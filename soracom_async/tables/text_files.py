"""Tables as CSV and as JSON lines."""

from __future__ import annotations

import codecs
import csv
import io
from contextlib import nullcontext
from datetime import tzinfo
from typing import Any

from ..errors import ConfigurationError
from .cells import in_text, json_text, with_times_as_text, zone_of
from .columns import Column, Columns, Kind
from .source import Items, Layout
from .writing import Output, To, write

_FORMULAS = ("=", "+", "-", "@", "\t", "\r")
"""How a text begins that a spreadsheet may take for a formula."""


async def write_csv(
    items: Items,
    to: To,
    *,
    columns: Columns | None = None,
    model: type[Any] | None = None,
    encoding: str = "utf-8",
    zone: str | tzinfo | None = None,
    safe: bool = False,
) -> int:
    """Write items as CSV (RFC 4180) and return how many rows that were, without the header.

    Times are ISO 8601 with their offset, in UTC or in `zone`; true and false are these words; lists and objects are
    JSON text; None and an empty text are both an empty cell. Excel shows Japanese if `encoding` is "utf-8-sig", older
    programs read "cp932". A spreadsheet takes text such as `=1+1` or `+81…` for a formula: `safe=True` puts a `'` in
    front of it, which a program that reads the file has to take away. `columns` and `model` are those of `rows`.

    The file has its name only once it is whole, and nothing of it stays if anything goes wrong. Raises
    ConfigurationError, also for a character that the encoding lacks, OSError, and what the items raise.
    """
    try:
        codecs.getincrementalencoder(encoding)
        "".encode(encoding)
    except (LookupError, TypeError):
        raise ConfigurationError(f"encoding={encoding!r} is no encoding of text: try 'utf-8-sig' or 'cp932'") from None
    shown = None if zone is None else zone_of(zone)
    return await write(
        items, to, columns, model, lambda file, layout: nullcontext(_CSV(file, layout, encoding, shown, safe))
    )


async def write_jsonl(items: Items, to: To, *, columns: Columns | None = None, model: type[Any] | None = None) -> int:
    """Write items as JSON lines, and return how many they were.

    Each line is the wire JSON of an item, as `unstructure` returns it: nothing is lost, and `structure` reads it back.
    An item with a source is `{"source": …, "item": …}`. With `columns`, a line has these names instead, times as ISO
    8601. The rest is as for `write_csv`.
    """
    whole = columns is None
    return await write(items, to, columns, model, lambda file, layout: nullcontext(_JSONLines(file, layout, whole)))


class _CSV:
    """Writes CSV; its first line is the header."""

    def __init__(self, file: Output, layout: Layout, encoding: str, zone: tzinfo | None, safe: bool) -> None:
        self._file = file
        self._layout = layout
        self._zone = zone
        self._safe = safe
        # A lone surrogate is in no encoding; those of Unicode lack nothing else.
        errors = "backslashreplace" if codecs.lookup(encoding).name.startswith("utf") else "strict"
        self._encoding = encoding
        self._encoder = codecs.getincrementalencoder(encoding)(errors)
        self._count = 0
        self._lines([[column.name] for column in layout.columns], 0)

    def write(self, items: list[Any]) -> None:
        cells = [self._texts(*each) for each in zip(self._layout.columns, self._layout.cells(items), strict=True)]
        self._lines(cells, self._count + 1)
        self._count += len(items)

    def finish(self) -> None:
        self._file.write(self._encoder.encode("", final=True))

    def _texts(self, column: Column, cells: list[Any]) -> list[Any]:
        """Return the cells of a column as the file has them; numbers and None the writer of CSV knows itself."""
        cells = with_times_as_text(column, cells, self._zone)
        if column.many:
            return [None if cell is None else json_text(cell) for cell in cells]
        if column.kind is Kind.BOOLEAN:
            return [None if cell is None else "true" if cell else "false" for cell in cells]
        texts = in_text(column, cells)
        if self._safe and column.kind in (Kind.TEXT, Kind.ANY):
            texts = [f"'{text}" if text is not None and text.startswith(_FORMULAS) else text for text in texts]
        return texts

    def _lines(self, cells: list[list[Any]], first: int) -> None:
        """Write lines, of which these are the cells by columns, and `first` is the number of the first row."""
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\r\n").writerows(zip(*cells, strict=True))
        try:
            self._file.write(self._encoder.encode(text.getvalue()))
        except UnicodeEncodeError:
            raise self._lacking(cells, first) from None

    def _lacking(self, cells: list[list[Any]], first: int) -> ConfigurationError:
        """Return the error of the first cell that has a character which the encoding lacks."""
        found = (
            (row, column.name, character)
            for row, line in enumerate(zip(*cells, strict=True), first)
            for column, cell in zip(self._layout.columns, line, strict=True)
            for character in str(cell)
            if not character.encode(self._encoding, "ignore")
        )
        row, name, character = next(found)
        return ConfigurationError(
            f"the encoding {self._encoding} has no {character!r} (row {row}, column {name}): "
            "write the file with encoding='utf-8-sig'"
        )


class _JSONLines:
    """Writes items, or some columns of them, as JSON lines."""

    def __init__(self, file: Output, layout: Layout, whole: bool) -> None:
        self._file = file
        self._layout = layout
        self._objects = _whole if whole else self._chosen

    def write(self, items: list[Any]) -> None:
        lines = [json_text(each) + "\n" for each in self._objects(items)]
        # In JSON the escape of a lone surrogate is that surrogate.
        self._file.write("".join(lines).encode("utf-8", "backslashreplace"))

    def finish(self) -> None:
        """There is nothing behind the lines."""

    def _chosen(self, items: list[Any]) -> list[dict[str, Any]]:
        names = [column.name for column in self._layout.columns]
        cells = [
            with_times_as_text(*each) for each in zip(self._layout.columns, self._layout.cells(items), strict=True)
        ]
        return [dict(zip(names, line, strict=True)) for line in zip(*cells, strict=True)]


def _whole(items: list[Any]) -> list[Any]:
    return [{"source": item[0], "item": item[1]} if isinstance(item, tuple) else item for item in items]
