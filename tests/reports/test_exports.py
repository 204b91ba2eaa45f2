"""Reports as files: the same rows in every format, no formula in any, and a ledger that knows every file."""

import csv
import hashlib
import io
import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from openpyxl import load_workbook
from python_calamine import CalamineWorkbook
from sqlalchemy import select, text

from cases.office import load_office
from infra.db import reading, transaction
from ledger.chain import OFFICE_STREAM
from ledger.tables import Event
from people.directory import names_of_units
from reports.closures import exports
from reports.closures.choice import Asked, ChoiceIsWrong, Fault, read_choice
from reports.closures.exports import FORMATS, GROUNDS, Made, Order, latest, record, refuse, sha256_of, which, write_file
from tests.databases import SmallOffice, found, step
from workflow.model import Actor, Role

NOW = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
SYSTEM = Actor(account=None, role=Role.SYSTEM, unit=None)
YEAR = Asked(start=date(2026, 1, 1), end=date(2026, 12, 31))
SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "﹦")
BEFORE = ("", " ", "\u3000", "\ufeff")
#: 48 beginnings of a cell that some spreadsheet would take for a formula.
DANGEROUS = [f"{before}{sign}" for before in BEFORE for sign in SIGNS]
FORMULA = 'cmd|"/c calc"!A1'


@pytest.fixture
def office(engine: Any) -> SmallOffice:
    """An office in which 48 petitions were refused, each with its own dangerous beginning in every text people wrote."""
    made = found(engine)
    for _ in DANGEROUS:
        made.tell(
            "petition",
            step("2026-03-16T09:00", "clerk", "Register", title="标题", statement="请处理。", applicant="王某", respondents=["某厂"], dispute_type="18"),
            step("2026-03-16T15:00", "clerk", "Refuse", ground="statutory_route", proper_channel="请申请行政复议。"),
        )  # fmt: skip
    _write_prefixes(made)
    return made


def _write_prefixes(office: SmallOffice) -> None:
    """Past the forms, which would strip some of them: what is in a database may come from anywhere."""
    with transaction(office.engine) as connection:
        for case, prefix in enumerate(DANGEROUS, start=1):
            statement = (
                "UPDATE personal_text SET content = :content WHERE case_id = :case AND kind IN ('title', 'party_name')"
            )
            connection.execute(text(statement), {"case": case, "content": prefix + FORMULA})
        names = {"name": DANGEROUS[0] + FORMULA}
        connection.execute(text("UPDATE unit SET name = :name WHERE kind = 'centre'"), names)
        connection.execute(text("UPDATE account SET name = :name"), names)
        connection.execute(text("UPDATE cases SET holder_person = 1, profile = '=1+1', outcome = '@x', channel = '+1'"))
        connection.execute(text("UPDATE clock SET rule = :rule"), {"rule": DANGEROUS[1] + "1"})


def written(office: SmallOffice, order: Order) -> tuple[bytes, Made]:
    file = io.BytesIO()
    with reading(office.engine) as connection:
        made = write_file(connection, order, file, actor=SYSTEM, office=office.context, now=NOW)
    return file.getvalue(), made


def _rows(content: bytes, kind: str) -> list[list[Any]]:
    if kind == "csv":
        return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    return CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()


@pytest.mark.parametrize("ground", [None, "court_request"])
def test_no_text_of_any_column_becomes_a_formula_and_every_reader_finds_the_same(
    ground: str | None, office: SmallOffice
) -> None:
    sheet, _ = written(office, Order(asked=YEAR, format="xlsx", language="zh_CN", ground=ground))
    lines, _ = written(office, Order(asked=YEAR, format="csv", language="zh_CN", ground=ground))
    objects, _ = written(office, Order(asked=YEAR, format="jsonl", language="zh_CN", ground=ground))
    book = load_workbook(io.BytesIO(sheet))
    cells = [cell for row in book.active.iter_rows(min_row=2) for cell in row]
    assert not [cell.coordinate for cell in cells if cell.data_type == "f"]
    seen = _rows(sheet, "xlsx")
    in_csv = _rows(lines, "csv")
    assert len(seen) == len(in_csv) == len(DANGEROUS) + 1 == len(objects.splitlines()) + 1
    for mine, line, raw in zip(seen[1:], in_csv[1:], objects.splitlines(), strict=True):
        row = json.loads(raw)
        for code, in_sheet, in_line in zip(row, mine, line, strict=True):
            if isinstance(row[code], str) and not code.endswith(("_at", "_on")):
                assert in_sheet == row[code]
                assert in_line == (f"'{row[code]}" if would_be_guarded(row[code]) else row[code])
            assert not re.match(r"\s*[=+@＝＋－＠﹦\t\r\n]", in_line), (code, in_line)
    titles = [json.loads(line)["title"] for line in objects.splitlines()]
    assert titles == [(p + FORMULA if ground else f"{(p + FORMULA)[0]}＊＊") for p in DANGEROUS]


LIKE_VALUES = ("05718888", "1-2", "3/4", "1E5", "2026年3月2日", "330102199001011234")


def test_what_looks_like_a_value_stays_text_in_every_format_and_our_own_figures_stay_figures(
    office: SmallOffice,
) -> None:
    with transaction(office.engine) as connection:
        for case, value in enumerate(LIKE_VALUES, start=1):
            statement = (
                "UPDATE personal_text SET content = :content WHERE case_id = :case AND kind IN ('title', 'party_name')"
            )
            connection.execute(text(statement), {"case": case, "content": value})
    order = {
        kind: Order(asked=YEAR, format=kind, language="zh_CN", ground="court_request")
        for kind in ("csv", "xlsx", "jsonl")
    }
    rows = [json.loads(line) for line in written(office, order["jsonl"])[0].splitlines()]
    sheet = load_workbook(io.BytesIO(written(office, order["xlsx"])[0])).active
    assert (sheet.title, sheet.freeze_panes) == ("办结报告", "A2")
    assert sheet.auto_filter.ref == sheet.dimensions
    header, *lines = _rows(written(office, order["csv"])[0], "csv")
    at = {
        name: header.index(words)
        for name, words in (("title", "事项标题"), ("applicants", "申请人"), ("points", "亮灯扣分"))
    }
    for value, line, row, cells in zip(LIKE_VALUES, lines, rows, sheet.iter_rows(min_row=2), strict=False):
        assert (line[at["title"]], line[at["applicants"]]) == (f"'{value}", f"'{value}")
        assert (row["title"], cells[at["title"]].value, cells[at["title"]].data_type) == (value, value, "s")
        assert not line[at["points"]].startswith("'")
        assert cells[at["points"]].data_type == "n"
        assert not line[0].startswith("'"), "a case number is none"


def test_a_report_on_paper_prints_names_in_every_script_of_the_country_or_says_which_character_it_lacks(
    sqlite: Any,
) -> None:
    office = found(sqlite)
    order = Order(asked=YEAR, format="pdf", language="zh_CN")

    def printed(name: str) -> Made:
        with transaction(office.engine) as connection:
            connection.execute(text("UPDATE office SET name = :name"), {"name": name})
        with reading(office.engine) as connection:
            named = load_office(connection)
            return write_file(connection, order, io.BytesIO(), actor=SYSTEM, office=named, now=NOW)

    assert printed("བཀྲ་ཤིས 买买提·吐尔逊 𠮷田").bytes > 0
    with pytest.raises(ChoiceIsWrong) as wrong:
        printed("ไ")
    assert wrong.value.faults == (Fault(code="paper.characters_missing", field="format", value="“ไ”: ไ (U+0E44)"),)


def would_be_guarded(value: str) -> bool:
    """What the guard is for, said anew: the first sign after anything a spreadsheet skips."""
    return bool(re.match(r"[\s\ufeff]*[=+\-@＝＋－＠﹦]|[\s\ufeff]*[\t\r\n]", value))


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_is_as_its_hash_size_and_rows_say_and_the_same_each_time(kind: str, sqlite: Any) -> None:
    office = found(sqlite)
    _two_refused(office)
    order = Order(asked=YEAR, format=kind, language="zh_CN")
    content, made = written(office, order)
    assert made == Made(rows=2, bytes=len(content), sha256=hashlib.sha256(content).hexdigest(), scheme="LIGHTS-A")
    assert written(office, order) == (content, made)


def _two_refused(office: SmallOffice) -> None:
    for day in ("16", "17"):
        office.tell(
            "petition",
            step(f"2026-03-{day}T09:00", "clerk", "Register", title="漏水", statement="请处理。", applicant="王某", dispute_type="18"),
            step(f"2026-03-{day}T15:00", "clerk", "Refuse", ground="statutory_route", proper_channel="请申请行政复议。"),
        )  # fmt: skip


def test_json_lines_have_codes_with_words_and_instants_with_their_offset(sqlite: Any) -> None:
    office = found(sqlite)
    _two_refused(office)
    content, _ = written(office, Order(asked=YEAR, format="jsonl", language="en"))
    row = json.loads(content.splitlines()[0])
    assert row["procedure"] == {"code": "petition", "words": "petition"}
    assert row["outcome"]["code"] == "not_accepted.statutory_route"
    assert row["closed_at"] == "2026-03-16T15:00:00+08:00"
    assert row["days_in_hand"] is None
    assert row["points"] == 0.0
    assert row["applicants"] == "王＊＊"


def test_a_paper_has_all_rows_and_nothing_is_markup(sqlite: Any) -> None:
    office = found(sqlite)
    _two_refused(office)
    with transaction(sqlite) as connection:
        connection.execute(text("UPDATE unit SET name = :name"), {"name": '#read("/etc/passwd") *x* $y$ 龑𬭼㛃'})
    content, made = written(office, Order(asked=YEAR, format="pdf", language="zh_CN"))
    assert content.startswith(b"%PDF-")
    assert made.rows == 2
    empty, _ = written(office, Order(asked=replace(YEAR, end=date(2026, 1, 2)), format="pdf", language="en"))
    assert empty.startswith(b"%PDF-")


# -- what the ledger knows --------------------------------------------------------------------------------------------


def _events(office: SmallOffice) -> list[tuple[str, dict[str, Any]]]:
    columns = Event.__table__.c  # type: ignore[attr-defined]
    query = select(columns.code, columns.data).where(columns.stream == OFFICE_STREAM, columns.code.like("report:%"))
    with reading(office.engine) as connection:
        return [(row.code, json.loads(row.data)) for row in connection.execute(query.order_by(columns.seq))]


def _recorded(office: SmallOffice, order: Order) -> Made:
    _, made = written(office, order)
    with transaction(office.engine) as connection:
        record(connection, order, made, actor=office.actors["auditor"], now=NOW)
    return made


def test_an_export_is_an_event_with_what_was_chosen_and_the_hash(engine: Any) -> None:
    office = found(engine)
    _two_refused(office)
    made = _recorded(office, Order(asked=replace(YEAR, unit=office.units["centre"], columns=("number", "light")), format="csv", language="en"))  # fmt: skip
    choice = {
        "start": "2026-01-01", "end": "2026-12-31", "unit": office.units["centre"], "procedure": None, "profile": None,
        "columns": ["number", "light"],
    }  # fmt: skip
    wanted = {
        "report": "closures", "format": "csv", "language": "en", "masked": True, "rows": 2, "choice": choice,
        "bytes": made.bytes, "sha256": made.sha256, "scheme": "LIGHTS-A", "schema": 2,
    }  # fmt: skip
    assert _events(office) == [("report:exported", wanted)]


def test_reading_names_is_an_event_of_its_own_with_its_ground_and_no_sentence(engine: Any) -> None:
    office = found(engine)
    _two_refused(office)
    _recorded(office, Order(asked=YEAR, format="csv", language="en", ground="audit_sample"))
    (unmasked, first), (exported, second) = _events(office)
    assert (unmasked, first["ground"]) == ("report:unmasked", "audit_sample")
    assert (exported, second["masked"]) == ("report:exported", False)
    assert first["choice"]["columns"] == "all"


def test_a_file_is_found_by_its_bytes_and_another_is_not(engine: Any) -> None:
    office = found(engine)
    _two_refused(office)
    made = [_recorded(office, Order(asked=YEAR, format=kind, language="en")) for kind in ("csv", "xlsx", "csv")]
    with reading(office.engine) as connection:
        one = which(connection, made[0].sha256)
        assert one is not None
        assert (one.format, one.rows, one.account, one.at) == ("csv", 2, office.accounts["auditor"], NOW)
        assert [shown.format for shown in latest(connection)] == ["csv", "xlsx", "csv"]
        assert one.seq == latest(connection)[-1].seq, "the first time it was given out"
        assert which(connection, hashlib.sha256(b"another").hexdigest()) is None


def test_the_list_of_exports_ends_after_twenty(sqlite: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "SHOWN", 2)
    office = found(sqlite)
    for _ in range(3):
        _recorded(office, Order(asked=YEAR, format="csv", language="en"))
    with reading(sqlite) as connection:
        assert len(latest(connection)) == 2


def test_a_hash_is_that_of_the_standard_library() -> None:
    assert sha256_of(io.BytesIO(b"x" * 1_000_001)) == hashlib.sha256(b"x" * 1_000_001).hexdigest()


# -- what is refused --------------------------------------------------------------------------------------------------


def _refused(order: Order, rows: int, *, actor: Actor = SYSTEM) -> Fault:
    with pytest.raises(ChoiceIsWrong) as wrong:
        refuse(order, rows, actor=actor)
    (fault,) = wrong.value.faults
    return fault


def test_too_many_rows_are_refused_before_anything_is_written() -> None:
    def order(kind: str) -> Order:
        return Order(asked=YEAR, format=kind, language="en")

    assert _refused(order("pdf"), 2_001).code == "closures.too_many.pdf.file"
    too_many = Fault(code="closures.too_many.xlsx.file", field="start", value="1,048,575")
    assert _refused(order("xlsx"), 1_048_576) == too_many
    assert _refused(order("exe"), 1) == Fault(code="closures.no_such_format", field="format", value="exe")
    for kind, rows in (("xlsx", 1_048_575), ("pdf", 2_000), ("csv", 10**9), ("jsonl", 10**9)):
        refuse(order(kind), rows, actor=SYSTEM)


def test_names_need_a_known_ground_and_an_auditor() -> None:
    order = Order(asked=YEAR, format="csv", language="en", ground="curiosity")
    assert _refused(order, 1).code == "closures.no_such_ground"
    assessor = Actor(account=None, role=Role.ASSESSOR, unit=None)
    for ground in GROUNDS:
        asked = replace(order, ground=ground)
        refuse(asked, 1, actor=replace(assessor, role=Role.AUDITOR))
        assert _refused(asked, 1, actor=assessor) == Fault(code="closures.may_not_unmask", field="ground")


# -- the choice -------------------------------------------------------------------------------------------------------


@pytest.fixture
def chooser(sqlite: Any) -> Any:
    office = found(sqlite)
    with reading(sqlite) as connection:
        units = names_of_units(connection)
    return lambda **typed: read_choice(
        {name: value if isinstance(value, list) else [value] for name, value in typed.items()},
        units=units, office=office.context, today=date(2026, 3, 2),
    )  # fmt: skip


def test_nothing_chosen_is_this_year_so_far_with_everything(chooser: Any) -> None:
    assert chooser() == Asked(start=date(2026, 1, 1), end=date(2026, 3, 2))
    assert chooser(start="", end="", unit="", procedure="", profile="", columns=[]) == chooser()


def test_a_choice_is_read_and_its_columns_stand_in_their_order(chooser: Any) -> None:
    found = chooser(start="2025-12-31", end="2026-01-01", unit="2", procedure="petition", profile="hotline", columns=["light", "number", "light"])  # fmt: skip
    assert found == Asked(
        start=date(2025, 12, 31), end=date(2026, 1, 1), unit=2, procedure="petition", profile="hotline", columns=("number", "light")
    )  # fmt: skip


def test_every_fault_of_a_choice_is_told_at_once(chooser: Any) -> None:
    with pytest.raises(ChoiceIsWrong) as wrong:
        chooser(start="gestern", end="2026-13-01", unit="99", procedure="x", profile="y", columns=["number", "z"])
    assert {(fault.field, fault.code, fault.value) for fault in wrong.value.faults} == {
        ("start", "closures.not_a_day", "gestern"), ("end", "closures.not_a_day", "2026-13-01"),
        ("unit", "closures.no_such_unit", "99"), ("procedure", "closures.no_such_procedure", "x"),
        ("profile", "closures.no_such_profile", "y"), ("columns", "closures.no_such_column", "z"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("start", "end"), [("2026-03-02", "2026-03-01"), ("1999-12-31", "2026-01-01"), ("2026-01-01", "2100-01-02")]
)
def test_days_in_the_wrong_order_or_of_another_age_are_refused(start: str, end: str, chooser: Any) -> None:
    with pytest.raises(ChoiceIsWrong, match="days_in_wrong_order"):
        chooser(start=start, end=end)
