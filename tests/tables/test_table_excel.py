"""Tables as Excel workbooks, read back by openpyxl: `soracom_async.tables.write_excel`."""

import io
import os
import tempfile
from datetime import UTC, date, datetime

import pytest
from extras import needs
from things import bare, thing

from soracom_async import ConfigurationError, tables
from soracom_async.tables import excel

pytestmark = [pytest.mark.anyio, needs("xlsxwriter", "openpyxl")]


async def book_of(items, **options):
    """Return the workbook that is written, as openpyxl reads it."""
    from openpyxl import load_workbook

    file = io.BytesIO()
    await tables.write_excel(items, file, **options)
    file.seek(0)
    return load_workbook(file)


async def rows_of(items, **options):
    """Return the rows of the first sheet, behind the header."""
    return list((await book_of(items, **options)).worksheets[0].iter_rows(min_row=2, values_only=True))


async def test_a_workbook():
    """Bold names that stay in sight and filter; cells of the type that they have."""
    book = await book_of([thing(), bare()])
    [sheet] = book.worksheets
    names = [column.name for column in tables.columns(type(thing()))]
    assert [cell.value for cell in sheet[1]] == names
    assert all(cell.font.bold for cell in sheet[1])
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:U3"
    row = dict(zip(names, (cell.value for cell in sheet[2]), strict=True))
    assert row["created"] == datetime(2024, 5, 1, 3, 0, 0, 123000)
    assert row["month"] == datetime(2024, 5, 1)
    assert sheet.cell(2, names.index("month") + 1).number_format == "yyyy-mm-dd"
    assert sheet.cell(2, names.index("created") + 1).number_format == "yyyy-mm-dd hh:mm:ss"
    assert (row["count"], row["share"], row["ready"], row["part.online"]) == (3, 0.5, True, False)
    assert (row["part.names"], row["times"]) == ('["x","y,z"]', '["2024-05-01T00:00:00+00:00"]')
    assert (row["tags"], row["_extra"]) == ('{"name":"東京","a.b":"c"}', None)
    assert [cell.value for cell in sheet[3]] == ["n"] + [None] * 20


async def test_times_in_a_zone():
    """Excel knows no zones: the properties of the file name the one that is shown."""
    book = await book_of([thing()], columns=["created", "times", "month"], zone="Asia/Tokyo")
    row = [cell.value for cell in book.worksheets[0][2]]
    assert row == [datetime(2024, 5, 1, 12, 0, 0, 123000), '["2024-05-01T09:00:00+09:00"]', datetime(2024, 5, 1)]
    assert book.properties.description == "Times are in Asia/Tokyo"
    with pytest.raises(ConfigurationError, match="zone='Edo' is not known"):
        await book_of([thing()], zone="Edo")


async def test_text_is_never_anything_else():
    """No formula, no link, no number, whatever it looks like."""
    texts = ["=1+1", "{=1}", "https://example.com", "mailto:a@b.c", "+81", "8942310022000000001", "", " x ", "a\nb"]
    [first, *others] = await rows_of([{"a": each, "b": "x"} for each in texts])
    book = await book_of([{"a": "=1+1"}, {"a": "https://example.com"}])
    assert [first, *others] == [(each, "x") for each in texts]
    cells = [cell for [cell] in book.worksheets[0]["A2:A3"]]
    assert [cell.data_type for cell in cells] == ["s", "s"]
    assert [cell.hyperlink for cell in cells] == [None, None]


async def test_numbers_that_excel_would_change_are_text():
    """Above 15 digits; and what is no number there."""
    values = [1, -5, 10**15 - 1, 10**15, -(10**18), 2**62]
    assert [a for [a] in await rows_of([{"a": each} for each in values])] == [
        *(1, -5, 10**15 - 1),
        *(str(each) for each in values[3:]),
    ]
    floats = [0.1, 1e300, float("inf"), float("-inf"), float("nan")]
    assert [a for [a] in await rows_of([{"a": each} for each in floats])] == [0.1, 1e300, "inf", "-inf", "nan"]


async def test_times_that_excel_does_not_have_are_text():
    """It counts days from 1900, and one too many until its March."""
    times = [datetime(1900, 2, 28, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC), datetime(1900, 3, 1, tzinfo=UTC)]
    rows = await rows_of([{"a": each, "b": each.date()} for each in times])
    assert rows == [
        ("1900-02-28T00:00:00+00:00", "1900-02-28"),
        ("0001-01-01T00:00:00+00:00", "0001-01-01"),
        (datetime(1900, 3, 1), datetime(1900, 3, 1)),
    ]
    edge = [{"a": datetime(9999, 12, 31, 23, tzinfo=UTC)}, {"a": datetime(1, 1, 1, tzinfo=UTC)}]
    assert await rows_of(edge[:1], zone="Asia/Tokyo") == [("9999-12-31T23:00:00+00:00",)]
    assert await rows_of(edge[1:], zone="America/New_York") == [("0001-01-01T00:00:00+00:00",)]
    assert await rows_of([{"a": date(2024, 2, 29)}]) == [(datetime(2024, 2, 29),)]


async def test_a_text_that_is_too_long(tmp_path):
    """No cell holds it: the error says which, and nothing is left."""
    items = [{"a": "x" * 32_767}, {"a": "x" * 32_768}]
    with pytest.raises(ConfigurationError, match=r"row 2, column a: a cell of Excel holds 32,767 .* has 32,768"):
        await tables.write_excel(items, tmp_path / "a.xlsx")
    assert list(tmp_path.iterdir()) == []
    assert len((await rows_of(items[:1]))[0][0]) == 32_767
    with pytest.raises(ConfigurationError, match=r"holds 32,767 .* has 32,768"):  # Excel counts units of UTF-16
        await tables.write_excel([{"a": "👍" * 16_384}], tmp_path / "a.xlsx")
    assert (await rows_of([{"a": "👍" * 16_383}]))[0][0] == "👍" * 16_383


async def test_characters_that_xml_does_not_have():
    """Control characters come back; a lone surrogate as its escape."""
    from openpyxl.utils.escape import unescape

    [(first, *others)] = await rows_of([{"a": "\x01\x1b", "b": "\ud800", "\ud801": 1}])
    assert (unescape(first), others) == ("\x01\x1b", ["\\ud800", 1])


async def test_more_rows_than_a_sheet_has(monkeypatch):
    """They go on in further sheets, each with the header."""
    monkeypatch.setattr(excel, "SHEET_ROWS", 4)
    book = await book_of([{"a": i} for i in range(7)])
    sheets = [[row[0] for row in sheet.iter_rows(values_only=True)] for sheet in book.worksheets]
    assert sheets == [["a", 0, 1, 2], ["a", 3, 4, 5], ["a", 6]]
    assert [sheet.auto_filter.ref for sheet in book.worksheets] == ["A1:A4", "A1:A4", "A1:A2"]
    assert book.sheetnames == ["Sheet1", "Sheet2", "Sheet3"]


async def test_more_columns_than_a_sheet_has(tmp_path, monkeypatch):
    """A clear error."""
    monkeypatch.setattr(excel, "SHEET_COLUMNS", 2)
    with pytest.raises(ConfigurationError, match="Excel has 2 columns, not 3"):
        await tables.write_excel([{"a": 1, "b": 2, "c": 3}], tmp_path / "a.xlsx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("fails", [False, True])
async def test_no_temporary_file_stays(fails, tmp_path, monkeypatch):
    """Rows wait in temporary files, which are removed in any case."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    file = io.BytesIO()
    try:
        await tables.write_excel([{"a": 1}] * 1500 + [{"a": "x" * 40_000} if fails else {"a": 2}], file)
    except ConfigurationError:
        assert fails
    assert os.listdir(tmp_path) == []
