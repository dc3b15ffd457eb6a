"""Tables as Excel workbooks."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, tzinfo
from typing import Any

from ..errors import ConfigurationError
from .cells import in_text, json_text, with_times_as_text, writable, zone_of
from .columns import Column, Columns, Kind
from .source import Items, Layout
from .writing import Output, To, extra, write

SHEET_ROWS = 1_048_576
"""The rows of a sheet, the header among them."""
SHEET_COLUMNS = 16_384
LONGEST = 32_767
"""The characters of a cell."""
_DIGITS = 10**15
"""Integers below are numbers in Excel; it would change the last digits of longer ones."""
_FIRST = date(1900, 3, 1)
"""Before, Excel counts a day that never was."""


async def write_excel(
    items: Items,
    to: To,
    *,
    columns: Columns | None = None,
    model: type[Any] | None = None,
    zone: str | tzinfo = "UTC",
) -> int:
    """Write items as an Excel workbook and return how many rows it has, without headers; the extra is `excel`.

    Times are dates of Excel, which know no zone: they show the time in `zone`, and the properties of the file name it.
    Numbers are numbers, but text if Excel would change their digits (above 15); text is text, whatever it looks like,
    never a formula or a link. The header is frozen and filters; above 1,048,575 rows it goes on in further sheets.

    Raises ConfigurationError also for a text of more than 32,767 characters, which no cell holds. The rest is as for
    `write_csv`.
    """
    xlsxwriter = extra("xlsxwriter", "soracom-async[excel]", "tables.write_excel")
    shown = zone_of(zone)

    @contextmanager
    def opened(file: Output, layout: Layout) -> Iterator[_Workbook]:
        with tempfile.TemporaryDirectory() as directory:
            workbook = _Workbook(xlsxwriter, file, layout, shown, directory)
            try:
                yield workbook
            finally:
                workbook.release()

    return await write(items, to, columns, model, opened)


class _Workbook:
    """Writes a workbook; its rows wait in temporary files, row by row, until it is finished."""

    def __init__(self, xlsxwriter: Any, file: Output, layout: Layout, zone: tzinfo, directory: str) -> None:
        if len(layout.columns) > SHEET_COLUMNS:
            raise ConfigurationError(f"Excel has {SHEET_COLUMNS:,} columns, not {len(layout.columns):,}: choose some")
        self._failed = xlsxwriter.exceptions.FileCreateError
        self._layout = layout
        self._zone = zone
        options = {"constant_memory": True, "tmpdir": directory, "remove_timezone": True}
        self._book = xlsxwriter.Workbook(file, options)
        self._book.use_zip64()
        self._book.set_properties({"comments": f"Times are in {zone}"})
        self._bold = self._book.add_format({"bold": True})
        self._formats = {
            Kind.TIME: self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
            Kind.DATE: self._book.add_format({"num_format": "yyyy-mm-dd"}),
        }
        self._count = 0
        self._next_sheet()

    def _next_sheet(self) -> None:
        self._sheet = self._book.add_worksheet()
        self._row = 0
        self._sheet.freeze_panes(1, 0)
        for index, column in enumerate(self._layout.columns):
            wide = 20 if column.kind is Kind.TIME else max(10, min(40, len(column.name) + 3))
            self._sheet.set_column(index, index, wide)
            self._sheet.write_string(0, index, writable(column.name), self._bold)

    def write(self, items: list[Any]) -> None:
        cells = [self._shown(*each) for each in zip(self._layout.columns, self._layout.cells(items), strict=True)]
        for line in zip(*cells, strict=True):
            if self._row == SHEET_ROWS - 1:
                self._filter()
                self._next_sheet()
            self._row += 1
            self._count += 1
            for index, cell in enumerate(line):
                if cell is not None:
                    self._cell(index, cell)

    def _shown(self, column: Column, cells: list[Any]) -> list[Any]:
        if not column.many:
            return in_text(column, cells)
        cells = with_times_as_text(column, cells, self._zone)
        return [None if cell is None else json_text(cell) for cell in cells]

    def _cell(self, index: int, cell: Any) -> None:
        """Write one cell by the type of its value."""
        if isinstance(cell, bool):
            self._sheet.write_boolean(self._row, index, cell)
        elif isinstance(cell, date):
            self._date(index, cell)
        elif isinstance(cell, str):
            self._text(index, cell)
        elif math.isfinite(cell) and (type(cell) is float or abs(cell) < _DIGITS):
            self._sheet.write_number(self._row, index, cell)
        else:
            self._text(index, str(cell))

    def _date(self, index: int, cell: date) -> None:
        kind = Kind.TIME if isinstance(cell, datetime) else Kind.DATE
        try:
            shown = cell.astimezone(self._zone) if isinstance(cell, datetime) else cell
        except OverflowError:
            shown = date.min
        if shown.timetuple() < _FIRST.timetuple():
            self._text(index, cell.isoformat())
        else:
            self._sheet.write_datetime(self._row, index, shown, self._formats[kind])

    def _text(self, index: int, text: str) -> None:
        text = writable(text)
        if len(text) > LONGEST // 2 and (length := len(text.encode("utf-16-le")) // 2) > LONGEST:  # as Excel counts
            raise ConfigurationError(
                f"row {self._count}, column {self._layout.columns[index].name}: a cell of Excel holds {LONGEST:,} "
                f"characters, and this text has {length:,}: choose other columns, or write CSV or Parquet"
            )
        self._sheet.write_string(self._row, index, text)

    def _filter(self) -> None:
        if self._layout.columns:
            self._sheet.autofilter(0, 0, self._row, len(self._layout.columns) - 1)

    def finish(self) -> None:
        self._filter()
        try:
            self._book.close()
        except self._failed as error:  # it stands for the OSError
            [cause] = error.args
            raise cause from None

    def release(self) -> None:
        """Close the temporary files, also where the workbook was not finished."""
        for sheet in self._book.worksheets():
            sheet._opt_close()
