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

from reports import sheets
from reports.sheets import Cell, SheetIsFull, TextIsTooLong, harmless, write_csv, write_xlsx

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
HARMLESS = ["", "王某", "1-2", "a=b", "（2026）", "’", "'=1", "— 无", "·", "  两个空格", "3", "某甲@某处"]


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
    assert write_xlsx([ROW, ("乙", None, None, None, None)], HEADER, tmp_path / "a.xlsx", now=NOW) == 2
    read = CalamineWorkbook.from_path(tmp_path / "a.xlsx").get_sheet_by_index(0).to_python()
    assert read == [
        list(HEADER),
        ["（2026）滨园访字第1号", -3.0, -0.5, date(2026, 10, 30), datetime(2026, 10, 20, 17, 10)],
        ["乙", "", "", "", ""],
    ]


def test_xlsx_writes_into_an_open_file_and_keeps_its_header_in_sight() -> None:
    file = io.BytesIO()
    assert write_xlsx([], HEADER, file, now=NOW) == 0
    book = CalamineWorkbook.from_filelike(io.BytesIO(file.getvalue()))
    assert book.get_sheet_by_index(0).to_python() == [list(HEADER)]
    assert b'state="frozen"' in _part(file, "xl/worksheets/sheet1.xml")


def test_a_text_that_would_be_a_formula_or_a_link_is_a_text_in_xlsx() -> None:
    texts = [*DANGEROUS, "https://example.invalid/", "mailto:a@example.invalid", "internal:Sheet1!A1", "{=1+1}"]
    file = io.BytesIO()
    write_xlsx([(text,) for text in texts], ("甲",), file, now=NOW)
    sheet = _part(file, "xl/worksheets/sheet1.xml")
    assert b"<f>" not in sheet
    assert b"hyperlink" not in sheet
    read = CalamineWorkbook.from_filelike(io.BytesIO(file.getvalue())).get_sheet_by_index(0).to_python()
    assert [row[0] for row in read[1:]] == texts


def test_the_same_rows_make_the_same_file() -> None:
    first, second = io.BytesIO(), io.BytesIO()
    write_xlsx([ROW], HEADER, first, now=NOW)
    write_xlsx([ROW], HEADER, second, now=NOW)
    assert first.getvalue() == second.getvalue()


def test_a_sheet_that_is_full_says_so_instead_of_losing_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "ROWS_A_SHEET", 3)
    assert write_xlsx([(1,), (2,)], ("n",), io.BytesIO(), now=NOW) == 2
    with pytest.raises(SheetIsFull):
        write_xlsx([(1,), (2,), (3,)], ("n",), io.BytesIO(), now=NOW)


def test_a_text_that_no_cell_holds_is_refused_instead_of_lost() -> None:
    with pytest.raises(TextIsTooLong):
        write_xlsx([("字" * 32_768,)], ("甲",), io.BytesIO(), now=NOW)


def _part(file: io.BytesIO, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(file.getvalue())) as archive:
        return archive.read(name)
