"""The closure report, told by the three worked cases and two small ones: one in the red, one not accepted."""

import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest
from sqlalchemy import Engine, event

import migrations
from cases.facts import load_facts
from cases.office import OfficeContext, load_office
from infra.db import open_engine, reading, transaction
from ops.replay import sweep_between
from ops.stories import Stage, Story, StoryStep, Teller, build_stage, read_story
from people.directory import add_account, person
from reports import closures
from reports.closures import ClosureRow, KeptClock, closure_cells, closure_header, closure_rows
from workflow.clocks import due_on
from workflow.model import Actor, Light, Role

HERE = Path(__file__).parent.parent / "stories"
ZONE = ZoneInfo("Asia/Shanghai")
YEARS = {"start": date(2025, 1, 1), "end": date(2026, 12, 31)}
EVERYTHING = Actor(account=None, role=Role.SYSTEM, unit=None)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def kept(rule: str, due: str, stopped: str) -> KeptClock:
    return KeptClock(rule=rule, due_on=date.fromisoformat(due), stopped_at=at(stopped))


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

JOB_FAIR = ClosureRow(
    number="（2025）滨园企单字第1号",
    procedure="petition",
    profile="enterprise",
    dispute_type="99",
    channel="enterprise_order",
    received_at=at("2025-09-26T11:30"),
    registered_at=at("2025-09-26T11:30"),
    closed_at=at("2025-10-13T09:00"),
    unit="room",
    handler="mediator",
    outcome="resolved",
    clocks={
        "first_response": kept("ENT-01a", "2025-09-28", "2025-09-26T15:00"),
        "order": kept("ENT-01c", "2025-10-16", "2025-10-11T16:00"),
    },
    light=Light.GREEN,
    waived_light=None,
    deciding="order",
    days_in_hand=5,  # from 11 to 16 October
    rating="satisfied",
    points=Decimal(0),
)
OVERDUE = ClosureRow(
    number="（2026）滨园热线字第1号",
    procedure="petition",
    profile="hotline",
    dispute_type="18",
    channel="hotline",
    received_at=at("2026-03-02T09:00"),
    registered_at=at("2026-03-02T09:00"),
    closed_at=at("2026-03-12T00:30"),
    unit="room",
    handler="mediator_2",
    outcome="handled_by_law",
    clocks={
        "contact": kept("OFC-02", "2026-03-03", "2026-03-02T11:00"),
        "order": kept("HOT-07", "2026-03-09", "2026-03-11T15:00"),
    },
    light=Light.RED,
    waived_light=None,
    deciding="order",
    days_in_hand=-2,  # from 11 back to 9 March
    rating=None,
    points=Decimal("-1.0"),
)
NOT_ACCEPTED = ClosureRow(
    number="（2026）滨园访字第1号",
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
    clocks={"notice": kept("PET-02", "2026-03-28", "2026-03-16T15:00")},
    light=Light.GREEN,
    waived_light=None,
    deciding=None,
    days_in_hand=None,
    rating=None,
    points=Decimal(0),
)
FACTORY_NOISE = ClosureRow(
    number="（2026）滨园热线字第2号",
    procedure="petition",
    profile="hotline",
    dispute_type="18",
    channel="hotline",
    received_at=at("2026-04-27T09:15"),
    registered_at=at("2026-04-27T09:15"),
    closed_at=at("2026-05-25T09:00"),
    unit="room",
    handler="mediator",
    outcome="resolved",
    clocks={
        "contact": kept("OFC-02", "2026-04-28", "2026-04-27T16:00"),
        "order": kept("HOT-07", "2026-05-26", "2026-05-22T11:00"),  # fifteen working days, not the five of before
    },
    light=Light.YELLOW,
    waived_light=None,
    deciding="order",
    days_in_hand=4,  # from 22 to 26 May
    rating="fairly_satisfied",
    points=Decimal("-0.5"),
)
TAXI_FEES = ClosureRow(
    number="（2026）滨园人调字第1号",
    procedure="mediation",
    profile="mediation-30d",
    dispute_type="26",
    channel="visit",
    received_at=at("2026-09-11T15:20"),
    registered_at=at("2026-09-11T15:20"),
    closed_at=at("2026-11-13T16:00"),
    unit="room",
    handler="mediator",
    outcome="settled.written",
    clocks={
        "intake": kept("MED-01", "2026-09-16", "2026-09-15T10:00"),
        "period": kept("MED-03", "2026-10-30", "2026-10-20T17:10"),  # 45 days, by consent
        "follow_up": kept("MED-10", "2026-11-17", "2026-11-13T15:00"),
    },
    light=Light.GREEN,
    waived_light=Light.YELLOW,  # of the thirty days, extended before they were over
    deciding="period",
    days_in_hand=10,  # from 20 to 30 October
    rating="satisfied",
    points=Decimal(0),
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
                sweep_between(engine, told_at, teller.moment(one))
                teller.tell(index)
                told_at = teller.moment(one)

    def rows(self, actor: Actor, *, start: date = YEARS["start"], end: date = YEARS["end"]) -> list[ClosureRow]:
        with reading(self.engine) as connection:
            return list(closure_rows(connection, actor=actor, office=self.office, start=start, end=end))

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
        monkeypatch.setattr(closures, "PAGE", size)
        assert told.rows(EVERYTHING) == ALL_ROWS


def test_a_page_costs_five_statements_however_many_cases_it_has(told: Told) -> None:
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(told.engine, "before_cursor_execute", note)
    told.rows(EVERYTHING)
    event.remove(told.engine, "before_cursor_execute", note)
    asked = [one for one in statements if one.startswith("SELECT")]
    assert (
        len(asked) == 1 + 5
    )  # names of units once; cases, clocks, crossings, ratings and names of handlers of the page


def test_no_more_than_the_pages_asked_for_is_read(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closures, "PAGE", 2)
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(told.engine, "before_cursor_execute", note)
    with reading(told.engine) as connection:
        rows = closure_rows(connection, actor=EVERYTHING, office=told.office, start=YEARS["start"], end=YEARS["end"])
        assert next(rows) == JOB_FAIR
    event.remove(told.engine, "before_cursor_execute", note)
    assert sum("LIMIT" in one for one in statements) == 1


def test_the_last_day_in_time_is_the_one_that_the_case_page_shows(told: Told) -> None:
    calendar = told.office.policy.calendar
    with reading(told.engine) as connection:
        loaded = load_facts(connection, 5, actor=EVERYTHING)
    assert loaded
    shown = {clock.name: due_on(clock, calendar) for clock in loaded[0].clocks}
    assert {name: clock.due_on for name, clock in TAXI_FEES.clocks.items()}.items() <= shown.items()


def test_an_unknown_scheme_is_refused(told: Told) -> None:
    with reading(told.engine) as connection, pytest.raises(KeyError):
        list(
            closure_rows(
                connection, actor=EVERYTHING, office=told.office, scheme="NONE", start=YEARS["start"], end=YEARS["end"]
            )
        )


def test_every_cell_has_a_heading_and_stands_below_it() -> None:
    header = closure_header(str)
    cells = dict(zip(header, closure_cells(TAXI_FEES, str), strict=True))
    assert cells["closure.column.number"] == "（2026）滨园人调字第1号"
    assert cells["closure.column.dispute"] == "dispute.26"
    assert cells["closure.column.outcome"] == "outcome.settled.written"
    assert cells["closure.column.waived_light"] == "light.yellow"
    assert cells["closure.column.days_in_hand"] == 10
    assert cells["clock.period · closure.column.clock_rule"] == "MED-03"
    assert cells["clock.period · closure.column.clock_due_on"] == date(2026, 10, 30)
    assert cells["clock.period · closure.column.clock_stopped_at"] == at("2026-10-20T17:10")
    assert cells["clock.decision · closure.column.clock_rule"] is None
    assert len(set(header)) == len(header) == 18 + 3 * 10


def test_codes_and_headings_are_said_in_the_language_asked_for() -> None:
    words = {"light.green": "绿灯", "closure.column.light": "最重亮灯", "clock.order": "办结"}

    def say(msgid: str) -> str:
        return words.get(msgid, msgid)

    cells = dict(zip(closure_header(say), closure_cells(JOB_FAIR, say), strict=True))
    assert cells["最重亮灯"] == "绿灯"
    assert cells["办结 · closure.column.clock_rule"] == "ENT-01c"
