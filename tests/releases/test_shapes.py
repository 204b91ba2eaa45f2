"""Which shape an event has, and that every shape that was ever written is read."""

import ast
import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

import ledger.upcasters
from cases.history import Record, RecordLacks, records
from gates.packages import packages
from infra.db import reading
from ledger.chain import GENESIS, Head, NewEvent, chained
from ledger.upcasters import (
    SHAPES,
    STEPS,
    UPCASTERS,
    EventIsOfALaterProgram,
    EventIsUndeclared,
    NoUpcaster,
    data_of,
    in_present_shape,
)
from ops.jobs import FIGURES
from tests.cases.records import START
from tests.releases.kept import NEWEST, RELEASES, Upgraded
from workflow.model import TIMERS
from workflow.procedures import PROCEDURES

ROOT = Path(__file__).parents[2]
PACKAGES = packages(but_not=("templates", "migrations", "verify"))
CODE = re.compile(r"[a-z]+:[a-z_]+")
#: What makes an event: the class, and the helpers that give it its code.
MAKERS = frozenset({"NewEvent", "note", "_append", "_open_or_close"})


def program() -> Iterator[tuple[Path, ast.AST]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path, ast.parse(path.read_text("utf-8"))


def without(monkeypatch: pytest.MonkeyPatch, missing: tuple[str, int]) -> None:
    monkeypatch.setattr(ledger.upcasters, "UPCASTERS", {key: f for key, f in UPCASTERS.items() if key != missing})


def test_every_event_that_a_release_wrote_is_read_in_the_present_shape(on_sqlite: Upgraded) -> None:
    with reading(on_sqlite.office.engine) as connection:
        events = connection.execute(text("SELECT code, data FROM event ORDER BY stream, seq")).all()
    for code, data in events:
        read = data_of(code, data)
        for row in read.get("wrote", {}).get("clock", {}).values():
            assert "acknowledged_at" in row
            assert row["extends"] is not None or row["opened_at"] is None
        if code == "clock:crossed":
            assert isinstance(read["in_hand"], bool)
        if code == "report:exported":
            assert {"report", "format", "choice"} <= read.keys()


@pytest.mark.parametrize("missing", sorted(UPCASTERS), ids=lambda one: f"{one[0]} {one[1]}")
def test_without_one_upcaster_reading_fails_and_names_the_event(
    missing: tuple[str, int], files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each event that a release has written in that shape or an older one, which is read through it. Of what no kept program
    had there is none."""
    code, shape = missing
    written = [data for release in RELEASES for data in _data(files[release], code)]
    old = [data for data in written if json.loads(data).get("schema", 1) <= shape]
    newer = NEWER | NEVER_KEPT | of_other_procedures(but_not={"petition", "mediation"})
    assert bool(old) == (code not in newer)
    without(monkeypatch, missing)
    for data in old:
        with pytest.raises(NoUpcaster, match=f"{code} in shape {shape}"):
            data_of(code, data)


def _data(file: Path, code: str) -> list[str]:
    with sqlite3.connect(file) as connection:
        return [data for (data,) in connection.execute("SELECT data FROM event WHERE code = ?", (code,))]


def test_without_an_upcaster_the_record_cannot_be_read_and_the_event_is_named(
    on_sqlite: Upgraded, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(monkeypatch, ("clock:extended", 1))
    with reading(on_sqlite.office.engine) as connection, pytest.raises(NoUpcaster, match="clock:extended in shape 1"):
        list(records(connection, actor=TIMERS))


def test_a_record_with_a_column_missing_names_case_event_and_column() -> None:
    record = Record(case_id=7, rows={"clock": {3: {"name": "order"}}}, written={3: 12})
    with pytest.raises(RecordLacks, match="case 7, event 12: clock 3 without "):
        record.clocks()


#: What the program of the newest database knew and that one never did.
NEVER_KEPT = {"account:reopened", "office:scheme_chosen"}
#: Steps that came after the newest database was made: the next one holds them (`docs/releasing.md`).
NEWER = {
    "case:extension_refused", "case:pause_requested", "case:signed_by_time", "light:explained", "case:noted",
    "case:corrected", "case:code_renewed", "case:revisited", "case:written_back", "party:added",
    "case:handed_over", "person:recused", "person:brought_in", "person:left",
    "case:linked", "case:unlinked", "case:taken_back",
    "case:withdrawal_asked", "case:withdrawal_dropped", "case:withdrawn", "agreement:corrected",
    "task:asked", "task:given", "task:answered", "task:ended",
}  # fmt: skip


def of_other_procedures(*, but_not: set[str]) -> set[str]:
    """The events of procedures that came after the newest database, and of no other."""
    known = {step.event for name in but_not for step in PROCEDURES[name].steps}
    return {step.event for table in PROCEDURES.values() for step in table.steps} - known


def test_the_newest_database_holds_an_event_of_every_step_that_its_program_had(files: dict[str, Path]) -> None:
    """So that a change of any shape is met by an old event."""
    with sqlite3.connect(files[NEWEST]) as connection:
        written = {code for (code,) in connection.execute("SELECT DISTINCT code FROM event")}
        known = {name for (name,) in connection.execute("SELECT DISTINCT procedure FROM cases")}
    assert STEPS - written == NEWER | of_other_procedures(but_not=known)


# -- new events -------------------------------------------------------------------------------------------------------


def test_a_new_event_says_its_shape_under_its_hash() -> None:
    event = NewEvent(code="case:rated", occurred_at=START, recorded_at=START, actor=TIMERS, data={"version": 3})
    _, row = chained(7, Head(0, GENESIS), event)
    assert json.loads(row["data"]) == {"schema": SHAPES["case:rated"], "version": 3}


def test_an_event_of_an_undeclared_code_is_neither_written_nor_read() -> None:
    with pytest.raises(EventIsUndeclared, match="case:forgotten"):
        in_present_shape("case:forgotten", {})
    with pytest.raises(EventIsUndeclared, match="case:forgotten"):
        data_of("case:forgotten", "{}")


def test_an_event_of_a_later_program_is_not_read_by_guesswork() -> None:
    with pytest.raises(EventIsOfALaterProgram, match="case:rated in shape 99"):
        data_of("case:rated", '{"schema":99}')


def test_every_code_that_the_program_writes_is_declared() -> None:
    named = _constants()
    written = set(STEPS)
    for _, tree in program():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MAKERS:
                given = [*node.args, *(word.value for word in node.keywords if word.arg == "code")]
                texts = {one.value for one in given if isinstance(one, ast.Constant) and isinstance(one.value, str)}
                texts |= {named[one.id] for one in given if isinstance(one, ast.Name) and one.id in named}
                written |= {code for code in texts if CODE.fullmatch(code)}
    assert len(written) > len(STEPS) + 10, "the search finds those of the office"
    assert written <= SHAPES.keys()


def _constants() -> dict[str, str]:
    """Texts that the program gives a name to."""
    found: dict[str, str] = {}
    for _, tree in program():
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Assign) and len(node.targets) == 1):
                continue
            target, value = node.targets[0], node.value
            names = target.elts if isinstance(target, ast.Tuple) else [target]
            values = value.elts if isinstance(value, ast.Tuple) else [value]
            for name, one in zip(names, values, strict=False):
                if isinstance(name, ast.Name) and isinstance(one, ast.Constant) and isinstance(one.value, str):
                    found[name.id] = one.value
    return found


OTHER_JSON = {
    ("api/bodies.py", "(await request.body()).decode()"),  # what a program has sent
    ("cases/jobruns.py", "summary"),
    ("cases/policies.py", "content"),
    ("cases/rows.py", "text"),  # the rungs and pauses of a clock
    ("cases/sign_index.py", "row.figures"),
    ("ledger/upcasters.py", "text"),
    ("gates/advisories.py", "content"),
    ("ops/backup.py", "(work / MANIFEST).read_text('utf-8')"),
    ("gates/bill.py", "bill"),
    ("infra/asking.py", "answer"),  # of another server
    ("infra/verified.py", "(home / NAME).read_text('utf-8')"),  # of a run of `huiyin verify`
    ("people/passkeys.py", "answer"),  # of a device, as a page has sent it
    ("people/proposals.py", "row.data"),
    ("stories/story.py", "path.read_text('utf-8')"),
    ("reports/years/addendum.py", "result"),
    ("reports/years/closed_years.py", "row.calendar_content"),
    ("reports/years/closed_years.py", "row.result"),
    ("reports/later/jobs.py", "row.asked"),
    ("reports/later/jobs.py", "row.failed"),
    ("reports/files/pdf.py", "done.stderr"),
    ("reports/later/kinds.py", "content"),
    ("workflow/notices.py", "text"),
}


def test_only_the_upcasters_read_the_data_of_an_event() -> None:
    """`verify/` reads on purpose without the program's own code. What else is JSON is named here, so that nobody reads
    an event by another name."""
    found = {
        (path.relative_to(ROOT).as_posix(), ast.unparse(node.args[0]))
        for path, tree in program()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "json.loads" and not path.name.startswith("verify")
    }
    assert found == OTHER_JSON


def test_every_figure_that_a_job_gives_has_words() -> None:
    jobs = next(tree for path, tree in program() if path == ROOT / "ops" / "jobs.py")
    given = [node.value for node in ast.walk(jobs) if isinstance(node, ast.Return) and isinstance(node.value, ast.Dict)]
    names = {key.value for figures in given for key in figures.keys if isinstance(key, ast.Constant)}
    assert names == set(FIGURES)
