"""The record as it was known, against the record as it was: while the demo office is built step by step, its rows are
copied at chosen instants with plain SQL; afterwards the finished record is asked what it knew at each of them.

The copies know nothing of events or histories, and what answers later looks at no copy.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import Engine, text

import demo.building
from cases.history import records
from cases.office import OfficeContext, load_office
from cases.rows import to_row
from demo.building import build_demo
from infra.db import reading
from reports.record.as_of import CaseAsOf, CaseWasNotKnown, case_as_of, open_cases_as_of, sheets_as_of
from reports.years.assessment import Assessment, SheetLine, assess, lines_of
from tests.databases import sqlite_copy
from workflow.model import TIMERS

SEED = 20_260_630
LOOKS = 200
#: One in so many stories of the past is told: there are still as many cases as looks, and all that goes on today.
SHARE = 2
NOW = datetime(2026, 11, 19, 8, 0, tzinfo=UTC)
A_MOMENT = timedelta(microseconds=1)
#: Records whose columns the ledger holds as they are; clocks and custodies are compared as what as-of makes of them.
OTHERS = ("party", "appointment", "mediation_session", "agreement", "rating", "waiver")

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What stood in the tables at an instant. The list and the sheets are not looked at every time."""

    at: datetime
    case_id: int
    case: Row
    rows: dict[str, dict[int, Row]]
    events: list[Row]
    open_cases: list[tuple[int, str, str]] | None
    assessment: Assessment | None
    lines: dict[int, tuple[SheetLine, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    engine: Engine
    office: OfficeContext
    looks: list[Look]


@pytest.fixture(scope="module")
def built(sqlite_template: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """Half of the demo office, built by its own program, with a look between its steps at each of two hundred instants."""
    with (
        sqlite_copy(sqlite_template, tmp_path_factory.mktemp("as-of")) as engine,
        pytest.MonkeyPatch.context() as patch,
    ):
        watcher = _Watcher(Random(SEED))  # noqa: S311 (seeded: a difference must be found again)
        in_order, run = demo.building._in_order, demo.building.run_timers

        def watched_order(*arguments: Any) -> Any:
            steps = in_order(*arguments)
            watcher.choose([moment for moment, _, _ in steps])
            return steps

        def watched_timers(engine: Engine, office: OfficeContext, since: datetime, until: datetime) -> None:
            for at in watcher.waiting(until):
                run(engine, office, since, at)
                watcher.look(engine, at)
                since = at
            run(engine, office, since, until)

        patch.setattr(demo.building, "_in_order", watched_order)
        patch.setattr(demo.building, "run_timers", watched_timers)
        build_demo(engine, now=NOW, share=SHARE)
        with reading(engine) as connection:
            office = load_office(connection)
        yield Built(engine=engine, office=office, looks=watcher.looks)


class _Watcher:
    """Chooses when to look, and at which case, and copies what stands there."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._instants: list[datetime] = []
        self.looks: list[Look] = []

    def choose(self, steps: list[datetime]) -> None:
        """A third of them are ends of days, when lights cross and what a date means; a third are instants of steps and
        the moment before; a third are anywhere."""
        some, span = self._random, NOW - steps[0]
        days = [some.randrange(1, span.days) for _ in range(68)]
        midnights = [datetime.combine(steps[0].date() + timedelta(days=day), time(16), UTC) for day in days]
        at_steps = [some.choice(steps) - some.choice((timedelta(0), A_MOMENT)) for _ in range(66)]
        anywhere = [steps[0] + span * some.random() for _ in range(66)]
        self._instants = sorted(max(at, steps[0]) for at in (*midnights, *at_steps, *anywhere))

    def waiting(self, until: datetime) -> Iterator[datetime]:
        """The instants before `until`: what a step does at its very instant is known then."""
        while self._instants and self._instants[0] < until:
            yield self._instants.pop(0)

    def look(self, engine: Engine, at: datetime) -> None:
        with engine.connect() as connection:

            def rows(query: str, **values: Any) -> list[Row]:
                return [dict(row) for row in connection.execute(text(query), values).mappings()]

            case_id = self._random.choice([row["id"] for row in rows("SELECT id FROM cases ORDER BY id")])
            case = rows("SELECT * FROM cases WHERE id = :id", id=case_id)[0]
            copied = {
                table: {row["number"]: row for row in rows(f"SELECT * FROM {table} WHERE case_id = :id", id=case_id)}
                for table in ("clock", "custody", *OTHERS)
            }
            events = rows("SELECT seq, code FROM event WHERE stream = :id ORDER BY seq", id=case_id)
            listed = rows("SELECT id, state, next_due_at FROM cases WHERE closed_at IS NULL ORDER BY next_due_at, id")
        every = len(self.looks)
        assessment, lines = _assessed(engine, at) if every % 50 == 49 else (None, {})
        listed_too = every % 5 == 0
        self.looks.append(
            Look(
                at=at,
                case_id=case_id,
                case=case,
                rows=copied,
                events=events,
                open_cases=[(row["id"], row["state"], row["next_due_at"]) for row in listed] if listed_too else None,
                assessment=assessment,
                lines=lines,
            )
        )


def _assessed(engine: Engine, at: datetime) -> tuple[Assessment, dict[int, tuple[SheetLine, ...]]]:
    """The sheets of the year as the program gave them on that day."""
    with reading(engine) as connection:
        office = load_office(connection)
        year = office.policy.calendar.local_day(at - A_MOMENT).year
        found = assess(connection, year=year, scheme="RATES-B", actor=TIMERS, office=office)
        lines = {
            sheet.unit: lines_of(
                connection, year=year, unit=sheet.unit, scheme=found.scheme, actor=TIMERS, office=office
            )
            for sheet in found.units
        }
    return found, {int(unit): said for unit, said in lines.items()}


def test_two_hundred_cases_at_two_hundred_instants_are_known_as_they_were(built: Built) -> None:
    assert len(built.looks) == LOOKS
    assert len({look.case_id for look in built.looks}) > LOOKS // 3, "many cases, and not one again and again"
    with reading(built.engine) as connection:
        for look in built.looks:
            found = case_as_of(connection, look.case_id, at=look.at, actor=TIMERS, office=built.office)
            where = f"case {look.case_id} at {look.at.isoformat()}"
            assert _case_row(found) == look.case, where
            assert {one.clock.number: _row(look.case_id, to_row(one.clock)) for one in found.clocks} == look.rows[
                "clock"
            ], where
            assert {one.number: _fields(look.case_id, one) for one in found.custodies} == look.rows["custody"], where
            assert [{"seq": event.seq, "code": event.code} for event in found.events] == look.events, where
            assert {one.clock.number: one.light.value for one in found.clocks} == _lights(look), where


def test_every_other_record_of_the_case_is_read_as_it_was(built: Built) -> None:
    with reading(built.engine) as connection:
        for look in built.looks:
            (record,) = records(connection, actor=TIMERS, cases=[look.case_id], until=look.at)
            for table in OTHERS:
                found = {
                    number: {"case_id": look.case_id, "number": number, **{k: _stored(v) for k, v in row.items()}}
                    for number, row in record.rows.get(table, {}).items()
                }
                assert found == look.rows[table], f"{table} of case {look.case_id} at {look.at.isoformat()}"


def test_the_work_list_is_the_one_of_then_in_its_order(built: Built) -> None:
    looked = [look for look in built.looks if look.open_cases is not None]
    assert len(looked) == LOOKS // 5
    with reading(built.engine) as connection:
        for look in looked:
            found = open_cases_as_of(connection, at=look.at, actor=TIMERS, office=built.office)
            said = [(int(one.case_id), one.state, _sqlite(one.next_due_at)) for one in found]
            assert said == look.open_cases, look.at.isoformat()


def test_the_sheets_are_the_ones_that_were_shown_then(built: Built) -> None:
    looked = [look for look in built.looks if look.assessment is not None]
    assert [look.at.year for look in looked] == [2025, 2025, 2026, 2026]
    with reading(built.engine) as connection:
        for look in looked:
            assert look.assessment is not None
            found = sheets_as_of(
                connection, year=look.assessment.year, scheme="RATES-B", at=look.at, actor=TIMERS, office=built.office
            )
            assert found.assessment == look.assessment, look.at.isoformat()
            assert {int(unit): lines for unit, lines in found.lines.items()} == look.lines, look.at.isoformat()


def test_a_case_is_not_known_a_moment_before_it_is_registered(built: Built) -> None:
    with reading(built.engine) as connection:
        for look in built.looks[:20]:
            registered = datetime.fromisoformat(look.case["registered_at"]).replace(tzinfo=UTC)
            known = case_as_of(connection, look.case_id, at=registered, actor=TIMERS, office=built.office)
            assert known.version == 1
            with pytest.raises(CaseWasNotKnown):
                case_as_of(connection, look.case_id, at=registered - A_MOMENT, actor=TIMERS, office=built.office)


# -- what stands in a row of SQLite -----------------------------------------------------------------------------------


def _case_row(found: CaseAsOf) -> Row:
    series, year, serial = found.number
    beside = {"at", "case_id", "number", "clocks", "custodies", "events", "milestones"}
    own = {f.name: _sqlite(getattr(found, f.name)) for f in fields(found) if f.name not in beside}
    milestones = " ".join(found.milestones)
    return {**own, "id": found.case_id, "series": series, "year": year, "serial": serial, "milestones": milestones}


def _fields(case_id: int, record: Any) -> Row:
    return _row(case_id, {f.name: getattr(record, f.name) for f in fields(record)})


def _row(case_id: int, values: Row) -> Row:
    return {"case_id": case_id, **{name: _sqlite(value) for name, value in values.items()}}


def _sqlite(value: Any) -> Any:
    """A value as SQLite keeps it."""
    match value:
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
        case date():
            return value.isoformat()
        case bool():
            return int(value)
        case _:
            return value


def _stored(value: Any) -> Any:
    """A value of the ledger as SQLite keeps it: instants are spelled with T and Z there."""
    if isinstance(value, str) and value.endswith("Z") and len(value) == len("2026-01-01T00:00:00.000000Z"):
        return value.removesuffix("Z").replace("T", " ")
    return _sqlite(value)


def _lights(look: Look) -> dict[int, str]:
    """The light of each clock from its stored rungs, worked out without the program."""
    found = {}
    for number, row in look.rows["clock"].items():
        stopped = row["stopped_at"]
        until = min(look.at, datetime.fromisoformat(stopped).replace(tzinfo=UTC)) if stopped else look.at
        lit = [light for _, light, at, _ in json.loads(row["rungs"]) if light and datetime.fromisoformat(at) <= until]
        found[number] = "red" if "red" in lit else "yellow" if "yellow" in lit else "green"
    return found
