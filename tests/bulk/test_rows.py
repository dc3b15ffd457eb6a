"""Rows of a file: every form that spreadsheets write, and one clear line for what is wrong."""

from __future__ import annotations

import csv
import io
import os
import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soracom_async import ConfigurationError
from soracom_async.bulk.claims import Failure, State
from soracom_async.bulk.results import write_failures
from soracom_async.bulk.rows import rows

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file, and return its path."""

    def written(content: bytes | str, name: str = "plan.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return written


def refusal(source: object, **options: object) -> str:
    """Return what `rows` says against a source: one line."""
    with pytest.raises(ConfigurationError) as caught:
        rows(source, **options)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp932"])
def test_csv_as_spreadsheets_write_it(write: Write, delimiter: str, end: str, encoding: str) -> None:
    lines = [("sim_id", " name "), ("8981", "倉庫"), ("8982", ""), ("8983", "ｿﾗ")]
    path = write(end.join(delimiter.join(cells) for cells in lines) + end * 3, encoding=encoding)
    found = rows(path)
    assert found.columns == ("sim_id", "name")
    assert [*found] == [{"sim_id": "8981", "name": "倉庫"}, {"sim_id": "8982"}, {"sim_id": "8983", "name": "ｿﾗ"}]
    assert [row.number for row in found] == [2, 3, 4]
    assert len(found) == 3
    assert found.path == path


def test_lines_are_counted_as_an_editor_shows_them(write: Write) -> None:
    found = rows(write('\nsim_id,name\n\n1,"two\nlines, ""quoted"""\n ,\n2, x \n'))
    assert [(row.number, row) for row in found] == [
        (4, {"sim_id": "1", "name": 'two\nlines, "quoted"'}),
        (7, {"sim_id": "2", "name": "x"}),
    ]


def test_columns_that_say_why_a_row_failed_are_no_arguments(write: Write) -> None:
    found = rows(write("sim_id,#row,#error\n1,7,no such SIM\n"))
    assert found.columns == ("sim_id",)
    assert [*found] == [{"sim_id": "1"}]
    found = rows(write('{"sim_id": "1", "#row": 7}\n', "failed.jsonl"))
    assert found.columns == ("sim_id",)
    assert [*found] == [{"sim_id": "1"}]


@pytest.mark.parametrize("name", ["plan.jsonl", "plan.NDJSON", "plan.txt"])
def test_json_lines(write: Write, name: str) -> None:
    found = rows(write('{"sim_id": "1", "tags": {"a": null}}\r\n\n{"sim_id": "2", "limit": 3}\n', name))
    assert found.columns == ("sim_id", "tags", "limit")
    assert [(row.number, row) for row in found] == [
        (1, {"sim_id": "1", "tags": {"a": None}}),
        (3, {"sim_id": "2", "limit": 3}),
    ]
    assert len(found) == 2


def test_rows_are_read_again_and_again_also_by_several(write: Write) -> None:
    content = "sim_id\n" + "".join(f"{number}\n" for number in range(50_000))
    for source in (write(content), io.BytesIO(content.encode()), io.StringIO(content)):
        found = rows(source)
        one, other = iter(found), iter(found)
        assert next(one) == next(other) == {"sim_id": "0"}
        assert next(one) == {"sim_id": "1"}
        assert sum(1 for _ in found) == 50_000
        assert next(one) == {"sim_id": "2"}
        assert sum(1 for _ in other) == 49_999


def test_an_open_file_is_read_from_where_it_is_and_may_be_closed(write: Write) -> None:
    with write("# a remark\nsim_id\n倉\n").open(encoding="utf-8") as text:
        text.readline()
        found = rows(text)
    assert [*found] == [{"sim_id": "倉"}]
    assert found.path is None


def test_a_pipe_is_read_once_and_gives_its_rows_again(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("no named pipes here")
    os.mkfifo(path := tmp_path / "pipe")
    writer = threading.Thread(target=path.write_bytes, args=(b"sim_id\n1\n",))
    writer.start()
    found = rows(path)
    writer.join()
    assert [*found] == [*found] == [{"sim_id": "1"}]


def test_memory_holds_one_row(write: Write) -> None:
    path = write("sim_id,name\n" + "".join(f"{number},a name of some length\n" for number in range(20_000)))
    tracemalloc.start()
    try:
        assert sum(1 for _ in rows(path)) == 20_000
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_columns_are_renamed(write: Write) -> None:
    found = rows(write("simId,speedClass\n1,s1.fast\n")).renamed({"simId": "sim_id", "imsi": "imsi_"})
    assert found.columns == ("sim_id", "speedClass")
    assert [(row.number, row) for row in found] == [(2, {"sim_id": "1", "speedClass": "s1.fast"})]
    assert len(found) == 1
    with pytest.raises(ConfigurationError, match=r"plan\.csv has the columns 'sim_id' and 'simId'.*same argument"):
        rows(write("sim_id,simId\n1,2\n")).renamed({"simId": "sim_id"})


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0+="), max_size=8)


@settings(deadline=None)
@given(
    st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=5),
    st.sampled_from(",\t;"),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_a_writer_of_csv_writes_is_read(cells: list[tuple[str, str]], delimiter: str, end: str, form: str) -> None:
    text = io.StringIO(newline="")
    # Without quotes everywhere, Python writes a lone carriage return as it is where lines end in a line feed.
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([("first", "other"), *cells, ("1", "2")])
    kept = [{"first": one.strip(), "other": two.strip()} for one, two in [*cells, ("1", "2")]]
    expected = [{name: cell for name, cell in row.items() if cell} for row in kept]
    assert [*rows(io.BytesIO(text.getvalue().encode(form)))] == [row for row in expected if row]


@pytest.mark.parametrize("name", ["failed.xlsx", "failed.XLS", "failed.json", "failed.parquet"])
def test_failures_are_not_written_under_a_name_of_another_kind(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"{name}: failures are CSV or JSON lines: name a file .* \.jsonl"):
        write_failures(lambda: [Failure("a", {"sim_id": "a"}, State.FAILED, "NotFound", 1, None)], tmp_path / name)
    assert not any(tmp_path.iterdir())


@settings(deadline=None)
@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=4), st.sampled_from([".csv", ".jsonl"]))
def test_failures_that_were_written_are_rows(failed: list[tuple[str, str, str]], suffix: str) -> None:
    cells = [(name or "x", value, error) for name, value, error in failed]
    failures = [
        Failure("", {"sim_id": name, "value": value}, State.FAILED, error, 1, "7") for name, value, error in cells
    ]
    with TemporaryDirectory() as directory:
        path = Path(directory, f"failed{suffix}")
        assert write_failures(lambda: failures, path) == len(cells)
        found = [(row.get("sim_id", ""), row.get("value", "")) for row in rows(path)]
    expected = [(name, value) for name, value, _ in cells]
    if suffix == ".csv":  # where blanks around a cell mean nothing
        expected = [(name.strip(), value.strip()) for name, value in expected]
    assert found == expected


def test_rows_that_contradict_each_other_are_named(write: Write) -> None:
    path = write("sim_id,speed_class,name\n1,s1.fast,\n2,s1.fast,x\n1,s1.fast,\n2,,x\n1,,y\n")
    found = rows(path)
    found.check_consistent(["sim_id"])
    assert len(found) == 5
    path = write("sim_id,speed_class,name\n1,s1.fast,\n2,s1.fast,x\n1,,y\n3,s1.fast,z\n1,s1.slow,y\n")
    with pytest.raises(ConfigurationError) as caught:
        rows(path).check_consistent(["sim_id"])
    assert str(caught.value) == (
        f"{path}: line 6 has another 'speed_class' for the same sim_id than line 2: keep one of them"
    )


def test_repr_says_what_it_is(write: Write) -> None:
    path = write("sim_id,name\n1,x\n")
    assert repr(rows(path)) == f"<1 rows of {path}: sim_id, name>"


def test_what_cannot_be_read_is_named(tmp_path: Path, write: Write) -> None:
    assert "none.csv cannot be read: No such file" in refusal(tmp_path / "none.csv")
    assert "cannot be read: Is a directory" in refusal(tmp_path)
    assert "a path or an open file is needed, not int" in refusal(3)
    assert "null" in refusal("a\0b").lower()

    class Odd:
        def read(self, size: int) -> None:
            return None

    assert "not Odd" in refusal(Odd())
    with write("sim_id\n1\n").open("rb") as file:
        pass
    assert "closed file" in refusal(file)
    if (unreadable := Path("/proc/self/mem")).exists():
        assert "/proc/self/mem cannot be read:" in refusal(unreadable)


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"PK\x03\x04", r"Excel \(\.xlsx\).*save the sheet as CSV"),
        (b"\xd0\xcf\x11\xe0", r"Excel \(\.xls\)"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"PAR1", "Parquet"),
        (b"SQLite format 3\0", "SQLite"),
    ],
)
def test_other_kinds_of_files_are_named(write: Write, start: bytes, kind: str) -> None:
    with pytest.raises(ConfigurationError, match=kind):
        rows(write(start + bytes(range(256))))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty: its first line must name the arguments"),
        ("\n \n", "is empty"),
        ("sim_id\n", "has a header, but no rows"),
        ("sim_id\n\n,\n".replace(",", ""), "has a header, but no rows"),
        ("sim_id,,x\n", "line 1 has no name for column 2"),
        ("\nsim_id,x,sim_id \n", "line 2 has the column 'sim_id' twice"),
        ("#row,#error\n1,2\n", "names no argument"),
        ("#row,#error,#attempts\n", "as a file of failures does if nothing failed"),
        ("sim_id,x\n1,2\n3,4,5\n", "line 3 has 3 cells, but there are 2 columns"),
        ("sim_id,x\n1\n", "line 2 has 1 cells, but there are 2 columns"),
        ('sim_id,x\n1,2\n3,"4\n5,6\n', "line 3 cannot be read"),
        ('sim_id,x\n3,"4"4\n', "line 2 cannot be read"),
        ('sim_id,x\n3,"' + "4" * 200_000, "line 2 cannot be read: field larger"),
        ("sim_id\n" + "4" * 1_048_577 + "\n", "line 2 has more than 1048576 characters"),
        ("sim_id\n8981\n8.98112E+18\n", "line 3 has 8.98112E+18 in column 'sim_id'"),
        ("sim_id\n8.98112e+18\n", "line 2 has 8.98112e+18 in column 'sim_id'"),
        ("sim_id;x\n8,98112E+18;1\n", "line 2 has 8,98112E+18 in column 'sim_id'"),
        ("sim_id\n8.98112E18\n", "line 2 has 8.98112E18 in column 'sim_id'"),
        ('{"limit": 1e999}\n', "line 1 is no JSON that can be read: 1e999 is no value of JSON"),
        ("sim_id\n89\x0081\n", "line 2 has a NUL character"),
        ("\ufeff" + '[{"sim_id": "1"}]', "is a JSON array: write one object a line"),
        ('{"sim_id": "1"}\n{"sim_id": "2"\n', "line 2 is no JSON"),
        ('{"sim_id": "1"}\n["2"]\n', "line 2 is no object"),
        ('{"sim_id": "1", "sim_id": "2"}\n', "line 1 is no JSON that can be read: 'sim_id' is there twice"),
        ('{"sim_id": NaN}\n', "NaN is no value of JSON"),
        ('{"sim_id": ' + "[" * 100_000 + "\n", "line 1 is no JSON"),
        ("{}\n", "names no argument"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(write: Write, content: str, said: str) -> None:
    message = refusal(path := write(content))
    assert message.startswith(str(path))
    assert said in message


def test_an_encoding_is_found_out_or_taken(write: Write) -> None:
    latin = write("name\nMüller\nMéliès\n", encoding="latin-1")
    assert [*rows(latin, encoding="latin-1")] == [{"name": "Müller"}, {"name": "Méliès"}]
    assert "neither UTF-8 (see line 2) nor cp932 (see line 2)" in refusal(latin)
    assert "line 2 is not ascii" in refusal(latin, encoding="ascii")
    assert "encoding='klingon' is no text encoding" in refusal(latin, encoding="klingon")
    assert "encoding='base64' is no text encoding" in refusal(latin, encoding="base64")
    assert "encoding=5 is no text encoding" in refusal(latin, encoding=5)
    assert "line 1 has a NUL character" in refusal(write("name\nx\n", encoding="utf-16-le"))


def test_a_byte_lost_from_utf8_is_not_read_as_cp932(write: Write) -> None:
    text = "name\n倉庫\n東京\n".encode()
    assert "line 3 is UTF-8, but damaged" in refusal(write(text[:-3] + b"\n"))


def test_a_file_that_changes_is_noticed(write: Write) -> None:
    path = write("name,x\n1,2\n")
    found = rows(path)
    path.write_bytes("name,x\n1,2\n倉庫,3\n".encode("cp932"))
    with pytest.raises(ConfigurationError, match="line 1 or one after it is not utf-8: the file has changed"):
        list(found)
    path.unlink()
    with pytest.raises(ConfigurationError, match="cannot be read: No such file"):
        list(found)
    path.write_text("name,x\n")
    with pytest.raises(ConfigurationError, match="has 0 rows, but had 1: the file has changed"):
        list(found)


def test_other_columns_than_before_are_noticed(write: Write) -> None:
    found = rows(path := write("sim_id\n1\n"))
    path.write_text("imsi\n2\n")
    with pytest.raises(ConfigurationError, match="has other columns than it had: the file has changed"):
        list(found)


def test_a_relative_path_is_that_of_the_beginning(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("sim_id\n1\n")
    monkeypatch.chdir(tmp_path)
    found = rows("plan.csv")
    monkeypatch.chdir("/")
    assert [*found] == [{"sim_id": "1"}]
    assert repr(found) == "<1 rows of plan.csv: sim_id>"


def test_a_text_as_a_formula_is_that_text(write: Write) -> None:
    found = rows(write('sim_id,name,eui\n="0123","=""a b""",1234567890123e45\n1,="x"y,8E5\n'))
    assert [*found] == [
        {"sim_id": "0123", "name": "a b", "eui": "1234567890123e45"},
        {"sim_id": "1", "name": '="x"y', "eui": "8E5"},
    ]


def test_a_disk_that_fails_is_named(write: Write) -> None:
    found = rows(file := write("sim_id\n1\n"))
    file.unlink()
    file.mkdir()
    with pytest.raises(ConfigurationError, match="cannot be read: Is a directory"):
        next(iter(found))
