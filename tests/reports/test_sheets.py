"""Sheets are read back as a spreadsheet would read them: with csv, and with calamine."""

import csv
import io
import itertools
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from python_calamine import CalamineWorkbook

from reports.files import sheets
from reports.files.sheets import Cell, SheetIsFull, TextIsTooLong, harmless, sheet_name, write_csv, write_xlsx

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
HEADER = ("编号", "天数", "扣分", "期限", "办结时间")
ROW: tuple[Cell, ...] = (
    "（2026）滨园访字第1号",
    -3,
    Decimal("-0.5"),
    date(2026, 10, 30),
    datetime(2026, 10, 20, 17, 10, tzinfo=ZoneInfo("Asia/Shanghai")),
)
SIGNS = ("=", "+", "-", "@", "\t", "\r", "\0", "＝", "＋", "－", "＠")
BEFORE = ("", " ", "\u3000", "\ufeff", "\xa0", "\u200b\n")
#: Every sign bare, after white space of each width, and after a byte order mark: 11 x 6.
DANGEROUS = [f"{before}{sign}1+1" for sign in SIGNS for before in BEFORE]
HARMLESS = [
    "",
    "王某",
    "a=b",
    "（2026）",
    "’",
    "'=1",
    "— 无",
    "·",
    "  两个空格",
    "某甲@某处",
    "3号楼2单元",
    "HOT-07",
    "e",
    "may be",
    "上官某",
    "1e5元",
]
#: What a spreadsheet would turn into a number, a day, a time, a fraction or an exponent.
VALUES = [
    "330102199001011234",
    "05718888",
    "3",
    "1-2",
    "1/2",
    "1 1/2",
    "3/4",
    "1E5",
    "1e+17",
    "1.5E-3",
    "1,234.50",
    "50%",
    "12:30",
    "8 am",
    "2026-03-02",
    "2026/3/2",
    "2026年3月2日",
    "3月2日",
    "上午8时30分",
    "Mar-26",
    "2 may 2026",
    "SEPT2",
    "￥12",
    "$5",
    "0571-88888888",
    "１２３",
    "١٢٣",
    " 123",
    "\u200b123",
    "1\u200e23",
    "123\u3000",
    "TRUE",
    "false",
]


def as_text(chunks: Iterator[bytes]) -> str:
    return b"".join(chunks).decode("utf-8")


def read_back(chunks: Iterator[bytes]) -> list[list[str]]:
    return list(csv.reader(io.StringIO(as_text(chunks).removeprefix("\ufeff"), newline="")))


def test_csv_is_utf8_with_a_byte_order_mark_and_crlf_and_numbers_stay_numbers() -> None:
    assert as_text(write_csv([ROW], HEADER)) == (
        "\ufeff编号,天数,扣分,期限,办结时间\r\n（2026）滨园访字第1号,-3,-0.5,2026-10-30,2026-10-20 17:10\r\n"
    )


@pytest.mark.parametrize("text", DANGEROUS, ids=ascii)
def test_a_text_that_would_be_a_formula_is_disarmed_in_csv(text: str) -> None:
    assert read_back(write_csv([(text, 1)], ("甲", "乙"))) == [["甲", "乙"], ["'" + text, "1"]]


@pytest.mark.parametrize("text", VALUES, ids=ascii)
def test_a_text_that_a_spreadsheet_would_turn_into_a_value_stays_text_in_csv(text: str) -> None:
    written = "'" + text.replace("\u200e", "")
    assert read_back(write_csv([(text, 1)], ("甲", "乙")))[1] == [written, "1"]


@pytest.mark.parametrize("text", ["1" * 100_000 + "x", " " * 100_000 + "x", "1e" * 50_000 + "x", "may" * 30_000 + "x"])
def test_a_long_text_is_looked_at_once(text: str) -> None:
    """A second try at each of so many places would take minutes, and the test's time would be over."""
    assert harmless(text) == text


def test_no_text_turns_its_line_around_in_csv_or_xlsx() -> None:
    turned = "甲\u202e乙\u2067丙\u200f"
    assert read_back(write_csv([(turned, 1)], ("甲", "乙")))[1] == ["甲乙丙", "1"]
    file = io.BytesIO()
    write_xlsx([(turned,)], ("甲",), file, name="表", now=NOW)
    file.seek(0)
    assert CalamineWorkbook.from_filelike(file).get_sheet_by_index(0).to_python()[1] == ["甲乙丙"]


@pytest.mark.parametrize("text", HARMLESS, ids=ascii)
def test_any_other_text_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text
    assert read_back(write_csv([(text, 1)], ("甲", "乙")))[1] == [text, "1"]


def test_a_heading_is_disarmed_like_any_text() -> None:
    assert read_back(write_csv([], ("=1+1",))) == [["'=1+1"]]


def test_quotes_commas_and_lines_survive_csv() -> None:
    text = '他说："好", 然后\r\n走了'
    assert read_back(write_csv([(text, None)], ("甲", "乙"))) == [["甲", "乙"], [text, ""]]


def test_the_first_chunks_come_before_all_rows_are_fetched() -> None:
    fetched = itertools.count()
    chunks = write_csv(((next(fetched),) for _ in range(10_000)), ("n",), rows_a_chunk=100)
    assert next(chunks) == b"\xef\xbb\xbfn\r\n"
    assert next(fetched) == 0
    assert next(chunks).startswith(b"1\r\n2\r\n")
    assert next(fetched) == 101
    assert sum(chunk.count(b"\r\n") for chunk in chunks) == 9_900


def test_xlsx_reads_back_as_it_was_written(tmp_path: Path) -> None:
    assert write_xlsx([ROW, ("乙", None, None, None, None)], HEADER, tmp_path / "a.xlsx", name="表", now=NOW) == 2
    read = CalamineWorkbook.from_path(tmp_path / "a.xlsx").get_sheet_by_index(0).to_python()
    assert read == [
        list(HEADER),
        ["（2026）滨园访字第1号", -3.0, -0.5, date(2026, 10, 30), datetime(2026, 10, 20, 17, 10)],
        ["乙", "", "", "", ""],
    ]


def test_xlsx_writes_into_an_open_file_and_keeps_its_header_in_sight() -> None:
    file = io.BytesIO()
    assert write_xlsx([], HEADER, file, name="表", now=NOW) == 0
    book = CalamineWorkbook.from_filelike(io.BytesIO(file.getvalue()))
    assert book.get_sheet_by_index(0).to_python() == [list(HEADER)]
    assert b'state="frozen"' in _part(file, "xl/worksheets/sheet1.xml")


def test_a_sheet_has_a_name_and_a_filter_over_all_its_rows() -> None:
    file = io.BytesIO()
    write_xlsx([ROW, ROW], HEADER, file, name="办结报告", now=NOW)
    with zipfile.ZipFile(file) as parts:
        assert 'name="办结报告"' in parts.read("xl/workbook.xml").decode()
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
    assert '<autoFilter ref="A1:E3"/>' in sheet, "five columns, the header and two rows"
    assert 'state="frozen"' in sheet


@pytest.mark.parametrize(
    ("wanted", "name"),
    [("2026/3 [甲]: 'x'", "2026 3  甲   'x"), ("长" * 40, "长" * 31), ("甲\u202e乙", "甲乙"), ("a/b", "a b")],
)
def test_a_sheet_is_called_what_a_spreadsheet_allows(wanted: str, name: str) -> None:
    assert sheet_name(wanted) == name
    write_xlsx([], ("甲",), io.BytesIO(), name=wanted, now=NOW)


def test_a_text_that_would_be_a_formula_or_a_link_is_a_text_in_xlsx() -> None:
    texts = [*DANGEROUS, "https://example.invalid/", "mailto:a@example.invalid", "internal:Sheet1!A1", "{=1+1}"]
    file = io.BytesIO()
    write_xlsx([(text,) for text in texts], ("甲",), file, name="表", now=NOW)
    sheet = _part(file, "xl/worksheets/sheet1.xml")
    assert b"<f>" not in sheet
    assert b"hyperlink" not in sheet
    read = CalamineWorkbook.from_filelike(io.BytesIO(file.getvalue())).get_sheet_by_index(0).to_python()
    assert [row[0] for row in read[1:]] == texts


def test_the_same_rows_make_the_same_file() -> None:
    first, second = io.BytesIO(), io.BytesIO()
    write_xlsx([ROW], HEADER, first, name="表", now=NOW)
    write_xlsx([ROW], HEADER, second, name="表", now=NOW)
    assert first.getvalue() == second.getvalue()


def test_a_sheet_that_is_full_says_so_instead_of_losing_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "ROWS_A_SHEET", 3)
    assert write_xlsx([(1,), (2,)], ("n",), io.BytesIO(), name="表", now=NOW) == 2
    with pytest.raises(SheetIsFull):
        write_xlsx([(1,), (2,), (3,)], ("n",), io.BytesIO(), name="表", now=NOW)


def test_a_text_that_no_cell_holds_is_refused_instead_of_lost() -> None:
    with pytest.raises(TextIsTooLong):
        write_xlsx([("字" * 32_768,)], ("甲",), io.BytesIO(), name="表", now=NOW)


def _part(file: io.BytesIO, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(file.getvalue())) as archive:
        return archive.read(name)
