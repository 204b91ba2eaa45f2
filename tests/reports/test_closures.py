"""The closure report, told by the three worked cases and two small ones: one in the red, one not accepted."""

import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, event

import migrations
from cases.facts import load_facts
from cases.office import OfficeContext, load_office
from cases.tally import keep_up
from cases.visibility import MayNotUnmask
from gates.packages import packages
from infra.db import open_engine, reading, transaction
from people.directory import person
from people.staffing import add_account
from reports.closures import masking
from reports.closures import query as closure_query
from reports.closures.choice import Asked
from reports.closures.columns import COLUMNS, columns_of
from reports.closures.report import Report, Written, read
from stories.replay import run_timers
from stories.story import Stage, Story, StoryStep, Teller, build_stage, read_story
from workflow.clocks import due_on
from workflow.model import Actor, Role

HERE = Path(__file__).parent.parent / "stories"
YEARS = {"start": date(2025, 1, 1), "end": date(2026, 12, 31)}
EVERYTHING = Actor(account=None, role=Role.SYSTEM, unit=None)


def at(text: str) -> str:
    return f"{text}:00+08:00"


Row = dict[str, Any]


def closed(*, clocks: Mapping[str, tuple[str, str, str]], **plain: Any) -> Row:
    """A row as codes and values, every column of it: a clock is its rule, its last day in time and when it stopped.
    Names are masked."""
    row: Row = dict.fromkeys(column.code for column in columns_of(tuple(COLUMNS)))
    row |= {"dispute": plain["dispute_type"], **plain}
    for name, (rule, last_day, stopped) in clocks.items():
        row |= {
            f"clock_{name}_rule": rule, f"clock_{name}_due_on": last_day, f"clock_{name}_stopped_at": at(stopped),
        }  # fmt: skip
    return row


def step(at: str, by: str, do: str, **fields: object) -> StoryStep:
    return StoryStep(at=at, by=by, do=do, fields=fields)


NOISE = {"title": "夜间噪声", "statement": "请处理。", "applicant": "王某", "dispute_type": "18", "channel": "hotline"}
#: Five working days from Monday 2 March 2026 end on Monday the 9th; answered on Wednesday the 11th, closed after midnight.
LATE = Story(
    case="late",
    matter="hotline",
    steps=(
        step("2026-03-02T09:00", "clerk", "Register", **NOISE),
        step("2026-03-02T09:10", "clerk", "Accept"),
        step("2026-03-02T09:20", "coordinator", "Assign", unit="room", handler="mediator_2"),
        step("2026-03-02T10:00", "mediator_2", "SignFor"),
        step("2026-03-02T11:00", "mediator_2", "ContactPerson", note="已联系。"),
        step("2026-03-11T15:00", "mediator_2", "Reply", form="oral", answer="已处理。"),
        step("2026-03-12T00:30", "mediator_2", "Close", outcome="handled_by_law"),
    ),
)
#: A letter of Friday, registered on Monday and refused the same day.
REFUSED = Story(
    case="refused",
    matter="petition",
    steps=(
        step(
            "2026-03-16T09:00", "clerk", "Register",
            **{**NOISE, "dispute_type": "17", "channel": "letter", "received_at": "2026-03-13T16:00"},
        ),
        step("2026-03-16T15:00", "clerk", "Refuse", ground="statutory_route", proper_channel="请依法申请行政复议。"),
    ),
)  # fmt: skip

JOB_FAIR = closed(
    number="（2025）滨园企单字第1号",
    title="请＊＊",
    applicants="某＊＊",
    procedure="petition",
    profile="enterprise",
    dispute_type="99",
    channel="enterprise_order",
    received_at=at("2025-09-26T11:30"),
    registered_at=at("2025-09-26T11:30"),
    closed_at=at("2025-10-13T09:00"),
    unit="room",
    handler="m＊＊",
    outcome="resolved",
    clocks={
        "first_response": ("ENT-01a", "2025-09-28", "2025-09-26T15:00"),
        "order": ("ENT-01c", "2025-10-16", "2025-10-11T16:00"),
    },
    light="green",
    waived_light=None,
    deciding="order",
    days_in_hand=5,  # from 11 to 16 October
    rating="satisfied",
    points=0.0,
)
OVERDUE = closed(
    number="（2026）滨园热线字第1号",
    title="夜＊＊",
    applicants="王＊＊",
    procedure="petition",
    profile="hotline",
    dispute_type="18",
    channel="hotline",
    received_at=at("2026-03-02T09:00"),
    registered_at=at("2026-03-02T09:00"),
    closed_at=at("2026-03-12T00:30"),
    unit="room",
    handler="m＊＊",
    outcome="handled_by_law",
    clocks={
        "contact": ("OFC-02", "2026-03-03", "2026-03-02T11:00"),
        "order": ("HOT-07", "2026-03-09", "2026-03-11T15:00"),
    },
    light="red",
    waived_light=None,
    deciding="order",
    days_in_hand=-2,  # from 11 back to 9 March
    rating=None,
    points=-1.0,
)
NOT_ACCEPTED = closed(
    number="（2026）滨园访字第1号",
    title="夜＊＊",
    applicants="王＊＊",
    procedure="petition",
    profile="petition",
    dispute_type="17",
    channel="letter",
    received_at=at("2026-03-13T16:00"),
    registered_at=at("2026-03-16T09:00"),
    closed_at=at("2026-03-16T15:00"),
    unit="centre",
    handler=None,
    outcome="not_accepted.statutory_route",
    clocks={"notice": ("PET-02", "2026-03-28", "2026-03-16T15:00")},
    light="green",
    waived_light=None,
    deciding=None,
    days_in_hand=None,
    rating=None,
    points=0.0,
)
FACTORY_NOISE = closed(
    number="（2026）滨园热线字第2号",
    title="厂＊＊",
    applicants="周＊＊",
    respondents="某＊＊",
    procedure="petition",
    profile="hotline",
    dispute_type="18",
    channel="hotline",
    received_at=at("2026-04-27T09:15"),
    registered_at=at("2026-04-27T09:15"),
    closed_at=at("2026-05-25T09:00"),
    unit="room",
    handler="m＊＊",
    outcome="resolved",
    clocks={
        "contact": ("OFC-02", "2026-04-28", "2026-04-27T16:00"),
        "order": ("HOT-07", "2026-05-26", "2026-05-22T11:00"),  # fifteen working days, not the five of before
    },
    light="yellow",
    waived_light=None,
    deciding="order",
    days_in_hand=4,  # from 22 to 26 May
    rating="fairly_satisfied",
    points=-0.5,
)
TAXI_FEES = closed(
    number="（2026）滨园人调字第1号",
    title="出＊＊",
    applicants="司＊＊、司＊＊",
    respondents="挂＊＊",
    procedure="mediation",
    profile="mediation-30d",
    dispute_type="26",
    channel="visit",
    received_at=at("2026-09-11T15:20"),
    registered_at=at("2026-09-11T15:20"),
    closed_at=at("2026-11-13T16:00"),
    unit="room",
    handler="m＊＊",
    outcome="settled.written",
    clocks={
        "intake": ("MED-01", "2026-09-16", "2026-09-15T10:00"),
        "period": ("MED-03", "2026-10-30", "2026-10-20T17:10"),  # 45 days, by consent
        "follow_up": ("MED-10", "2026-11-17", "2026-11-13T15:00"),
    },
    light="green",
    waived_light="yellow",  # of the thirty days, extended before they were over
    deciding="period",
    days_in_hand=10,  # from 20 to 30 October
    rating="satisfied",
    points=0.0,
)
ALL_ROWS = [JOB_FAIR, OVERDUE, NOT_ACCEPTED, FACTORY_NOISE, TAXI_FEES]


class Told:
    """An office in which the five cases have happened."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        migrations.upgrade(engine)
        with transaction(engine) as connection:
            self.stage: Stage = build_stage(connection, now=datetime(2025, 1, 1, tzinfo=UTC))
        with reading(engine) as connection:
            self.office: OfficeContext = load_office(connection)
        for story in (
            read_story(HERE / "case-4-campus-job-fair.json"),
            LATE,
            REFUSED,
            read_story(HERE / "case-5-factory-noise.json"),
            read_story(HERE / "case-1-taxi-fees.json"),
        ):
            teller = Teller(engine, self.office, self.stage, story)
            told_at = teller.moment(story.steps[0])
            for index, one in enumerate(story.steps):
                run_timers(engine, self.office, told_at, teller.moment(one))
                teller.tell(index)
                told_at = teller.moment(one)

    def rows(self, actor: Actor, *, start: date = YEARS["start"], end: date = YEARS["end"], **report: Any) -> list[Row]:
        """Codes without their words."""
        asked = Asked(start=start, end=end, unit=report.pop("unit", None), procedure=report.pop("procedure", None), profile=report.pop("profile", None))  # fmt: skip
        made = Report(choice=asked.choice(self.office), **report)
        written = Written(made.columns, str)
        with reading(self.engine) as connection:
            return [
                {code: value["code"] if isinstance(value, dict) else value for code, value in row.items()}
                for chunk in read(connection, made, actor=actor, office=self.office)
                for row in written.objects(chunk)
            ]

    def someone(self, role: Role, *, unit: str = "centre") -> Actor:
        with transaction(self.engine) as connection:
            account = add_account(
                connection, unit=self.stage.units[unit], role=role, login=f"{role.value}-{secrets.token_hex(4)}",
                name=role.value, email="somebody@example.invalid", now=datetime(2025, 1, 1, tzinfo=UTC),
            )  # fmt: skip
            found = person(connection, account)
        assert found
        return found.actor


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    engine = open_engine(f"sqlite:///{tmp_path_factory.mktemp('closures') / 'huiyin.db'}")
    yield Told(engine)
    engine.dispose()


@pytest.fixture
def told_to_postgres(postgres: str) -> Iterator[Told]:
    name = f"closures_{secrets.token_hex(6)}"
    with psycopg.connect(postgres, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        engine = open_engine(
            postgres.replace("postgresql://", "postgresql+psycopg://", 1).rpartition("/")[0] + "/" + name
        )
        yield Told(engine)
        engine.dispose()
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_each_closed_case_is_one_row_with_its_dates_lights_and_points(told: Told) -> None:
    assert told.rows(EVERYTHING) == ALL_ROWS


def test_postgresql_gives_the_same_rows(told_to_postgres: Told) -> None:
    assert told_to_postgres.rows(EVERYTHING) == ALL_ROWS


def test_the_days_are_local_and_both_ends_belong_to_the_period(told: Told) -> None:
    # 00:30 of 12 March is still the 11th in UTC.
    assert told.rows(EVERYTHING, start=date(2026, 3, 12), end=date(2026, 3, 12)) == [OVERDUE]
    assert told.rows(EVERYTHING, start=date(2026, 3, 11), end=date(2026, 3, 11)) == []
    assert told.rows(EVERYTHING, start=date(2026, 3, 12), end=date(2026, 3, 16)) == [OVERDUE, NOT_ACCEPTED]


def test_a_mediator_sees_only_the_cases_that_the_mediator_held_or_served(told: Told) -> None:
    assert told.rows(told.stage.people["mediator_2"]) == [OVERDUE, TAXI_FEES]
    assert told.rows(told.stage.people["mediator"]) == [JOB_FAIR, FACTORY_NOISE, TAXI_FEES]


def test_the_head_of_a_unit_sees_what_the_unit_held_and_its_centre_sees_everything(told: Told) -> None:
    assert told.rows(told.stage.people["supervisor"]) == [JOB_FAIR, OVERDUE, FACTORY_NOISE, TAXI_FEES]
    assert told.rows(told.stage.people["duty_leader"]) == ALL_ROWS
    assert told.rows(told.someone(Role.AUDITOR)) == ALL_ROWS


def test_an_administrator_gets_no_row(told: Told) -> None:
    assert told.rows(told.someone(Role.ADMINISTRATOR)) == []


def test_an_open_case_is_in_no_report(told: Told) -> None:
    story = replace(
        LATE, case="open", steps=tuple(replace(s, at=s.at.replace("2026-03", "2026-12")) for s in LATE.steps[:4])
    )
    teller = Teller(told.engine, told.office, told.stage, story)
    for index in range(len(story.steps)):
        teller.tell(index)
    assert told.rows(EVERYTHING) == ALL_ROWS


def test_pages_meet_without_a_gap_and_without_a_row_twice(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    for size in (1, 2, 5):
        monkeypatch.setattr(closure_query, "ROWS_A_FETCH", size)
        assert told.rows(EVERYTHING) == ALL_ROWS


def _selects(told: Told, do: Callable[[], object]) -> list[str]:
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(told.engine, "before_cursor_execute", note)
    do()
    event.remove(told.engine, "before_cursor_execute", note)
    return [one for one in statements if one.startswith("SELECT")]


def test_a_report_is_one_statement_however_many_cases_it_has(told: Told) -> None:
    before = told.rows(EVERYTHING)
    keep_up(told.engine, told.office.policy.calendar)
    # Which cases were opened again, which are not tallied yet, the report, names of the handlers.
    assert len(_selects(told, lambda: told.rows(EVERYTHING))) == 4
    assert len(_selects(told, lambda: told.rows(EVERYTHING, end=date(2025, 12, 31)))) == 4
    assert told.rows(EVERYTHING) == before, "tallied or not, a report says the same"


def test_only_what_was_chosen_is_read(told: Told) -> None:
    (_again, statement) = _selects(told, lambda: told.rows(EVERYTHING, columns=("closed_at", "outcome")))
    assert not re.search(r"clock|event|party|personal_text|rating|holder_person", statement)


def test_no_more_than_the_pages_asked_for_is_read(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closure_query, "ROWS_A_FETCH", 2)
    report = Report(choice=Asked(**YEARS).choice(told.office))
    with reading(told.engine) as connection:
        chunks = read(connection, report, actor=EVERYTHING, office=told.office)
        assert len(next(chunks)) == 2
        chunks.close()  # the cursor is not left open
        assert told.engine.pool.checkedout() == 1  # type: ignore[attr-defined]


def test_a_choice_of_unit_takes_those_below_it_too(told: Told) -> None:
    units = told.stage.units
    assert told.rows(EVERYTHING, unit=units["room"]) == [JOB_FAIR, OVERDUE, FACTORY_NOISE, TAXI_FEES]
    assert told.rows(EVERYTHING, unit=units["centre"]) == ALL_ROWS
    supervisor = told.stage.people["supervisor"]
    assert told.rows(supervisor, unit=units["centre"]) == told.rows(supervisor), "a choice widens nobody's reach"


def test_a_choice_of_procedure_and_profile(told: Told) -> None:
    assert told.rows(EVERYTHING, procedure="mediation") == [TAXI_FEES]
    assert told.rows(EVERYTHING, profile="hotline") == [OVERDUE, FACTORY_NOISE]
    assert told.rows(EVERYTHING, procedure="mediation", profile="hotline") == []


def test_columns_stand_in_the_order_of_every_report_whatever_the_order_of_asking(told: Told) -> None:
    rows = told.rows(EVERYTHING, columns=("clock_order", "points", "number"))
    assert rows[1] == {
        "number": OVERDUE["number"], "points": -1.0, "clock_order_rule": "HOT-07", "clock_order_due_on": "2026-03-09",
        "clock_order_stopped_at": at("2026-03-11T15:00"),
    }  # fmt: skip
    assert list(rows[1])[:2] == ["number", "points"]
    with pytest.raises(KeyError, match="nobody"):
        told.rows(EVERYTHING, columns=("nobody",))


def test_every_choice_of_one_column_gives_what_the_whole_report_gives(told: Told) -> None:
    for code, columns in COLUMNS.items():
        wanted = [{column.code: row[column.code] for column in columns} for row in ALL_ROWS]
        assert told.rows(EVERYTHING, columns=(code,)) == wanted


def test_names_are_there_for_an_auditor_who_asks_for_them(told: Told) -> None:
    for actor in (EVERYTHING, told.someone(Role.AUDITOR)):
        rows = told.rows(actor, masked=False, columns=("title", "applicants", "respondents", "handler"))
        assert rows[-1] == {
            "title": "出租车挂靠经营费用纠纷", "applicants": "司机代表甲、司机代表乙", "respondents": "挂靠公司", "handler": "mediator",
        }  # fmt: skip


@pytest.mark.parametrize("role", [role for role in Role if role not in (Role.AUDITOR, Role.SYSTEM)])
def test_nobody_else_ever_reads_names_in_a_report(role: Role, told: Told) -> None:
    actor = replace(told.stage.people["mediator"], role=role)
    with pytest.raises(MayNotUnmask):
        told.rows(actor, masked=False)


def test_the_database_masks_as_the_program_does(told: Told) -> None:
    bare = told.rows(EVERYTHING, masked=False, columns=("title",))
    assert [{"title": masking.masked(row["title"])} for row in bare] == told.rows(EVERYTHING, columns=("title",))


def test_only_the_closure_report_goes_through_the_second_door() -> None:
    root = Path(__file__).parents[2]
    using = {
        str(path.relative_to(root))
        for package in packages()
        for path in (root / package).rglob("*.py")
        if re.search(r"\b(un)?masked_texts\b", path.read_text("utf-8"))
    }
    assert using == {"cases/visibility.py", "reports/closures/query.py"}


def test_the_last_day_in_time_is_the_one_that_the_case_page_shows(told: Told) -> None:
    calendar = told.office.policy.calendar
    with reading(told.engine) as connection:
        loaded = load_facts(connection, 5, actor=EVERYTHING)
    assert loaded
    shown = {clock.name: due_on(clock, calendar).isoformat() for clock in loaded[0].clocks}
    for name in ("intake", "period", "follow_up"):
        assert TAXI_FEES[f"clock_{name}_due_on"] == shown[name]


def test_every_cell_has_a_heading_and_stands_below_it(told: Told) -> None:
    written = Written(tuple(COLUMNS), str)
    with reading(told.engine) as connection:
        report = Report(choice=Asked(**YEARS).choice(told.office))
        rows = [row for chunk in read(connection, report, actor=EVERYTHING, office=told.office) for row in written.texts(chunk)]  # fmt: skip
    cells = dict(zip(written.header, rows[-1], strict=True))
    assert cells["closure.column.number"] == "（2026）滨园人调字第1号"
    assert cells["closure.column.dispute"] == "dispute.26"
    assert cells["closure.column.outcome"] == "outcome.settled.written"
    assert cells["closure.column.waived_light"] == "light.yellow"
    assert cells["closure.column.days_in_hand"] == 10
    assert cells["closure.column.closed_at"] == "2026-11-13 16:00"
    assert cells["clock.period · closure.column.clock_rule"] == "MED-03"
    assert cells["clock.period · closure.column.clock_due_on"] == "2026-10-30"
    assert cells["clock.period · closure.column.clock_stopped_at"] == "2026-10-20 17:10"
    assert cells["clock.decision · closure.column.clock_rule"] is None
    assert len(set(written.header)) == len(written.header) == 23 + 3 * 10


def test_codes_and_headings_are_said_in_the_language_asked_for(told: Told) -> None:
    words = {"light.red": "红灯", "closure.column.light": "最重亮灯", "clock.order": "办结"}
    written = Written(("light", "clock_order"), lambda code: words.get(code, code))
    assert written.header[:2] == ("最重亮灯", "办结 · closure.column.clock_rule")
    report = Report(choice=Asked(**YEARS).choice(told.office), columns=("light", "clock_order"))
    with reading(told.engine) as connection:
        (chunk,) = read(connection, report, actor=EVERYTHING, office=told.office)
    assert next(islice(written.texts(chunk), 1, None))[0] == "红灯"
    assert next(islice(written.objects(chunk), 1, None))["light"] == {"code": "red", "words": "红灯"}
