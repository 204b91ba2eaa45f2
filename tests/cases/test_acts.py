"""What was done before it is entered: its clocks stop and start then, within bounds, and nothing that lit goes out by it."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select

from cases.assessment_tables import YearClose
from cases.history import histories
from cases.sweep import sweep
from cases.tally import keep_up
from infra.db import reading, transaction
from ledger.tables import Event
from tests.cases.records import World
from tests.cases.test_appeals import A_CLOSED_YEAR
from tests.cases.test_people_of_a_case import mediated
from workflow.marks import marks
from workflow.model import TIMERS, AccountId, Refusal
from workflow.procedures.every_case.commands import Accept, AddNote, DecideWaiver
from workflow.procedures.mediation.commands import HoldSession, NotifyRights
from workflow.procedures.petition.commands import Assign, ContactPerson, Reply, SignFor
from workflow.signs import signs


def at(local: str) -> datetime:
    """An instant of Shanghai's local time."""
    return (datetime.fromisoformat(local) - timedelta(hours=8)).replace(tzinfo=UTC)


def an_order(world: World, *, on: str = "2026-03-02T09:00") -> int:
    """An order of five working days that mediator has signed for."""
    case = world.open("hotline", at=at(on)).case_id
    world.take(case, Accept(), by="clerk", at=at(on))
    handler = AccountId(world.account("mediator"))
    world.take(case, Assign(unit=world.stage.units["room"], handler=handler), by="coordinator", at=at(on))
    world.take(case, SignFor(), by="mediator", at=at(on))
    return case


def an_answer(when: str | None) -> Reply:
    return Reply(form="oral", answer="已修好。", happened_at=at(when) if when else None)


def clock_of(world: World, case: int, name: str) -> dict[str, object]:
    return world.rows("SELECT * FROM clock WHERE case_id = :id AND name = :name ORDER BY number", id=case, name=name)[
        -1
    ]


def why(refused: pytest.ExceptionInfo[Refusal]) -> set[tuple[str, str | None]]:
    return {(reason.code, reason.field) for reason in refused.value.reasons}


def occurred(world: World, case: int, code: str) -> tuple[datetime, datetime]:
    columns = Event.__table__.c  # type: ignore[attr-defined]
    with reading(world.engine) as connection:
        query = select(columns.occurred_at, columns.recorded_at).where(columns.stream == case, columns.code == code)
        first, second = connection.execute(query).one()
    return first, second


def test_an_answer_of_friday_that_is_entered_on_monday_counts_from_friday(world: World) -> None:
    case = an_order(world)
    world.take(case, an_answer("2026-03-06T17:30"), by="mediator", at=at("2026-03-09T09:10"))
    assert occurred(world, case, "case:replied") == (at("2026-03-06T17:30"), at("2026-03-09T09:10"))
    with reading(world.engine) as connection:
        (history,) = histories(connection, actor=TIMERS, cases=[case])
    stopped = {clock.name: clock.stopped_at for clock in history.clocks}
    started = {clock.name: clock.started_at for clock in history.clocks}
    assert stopped["order"] == started["closing"] == at("2026-03-06T17:30")
    assert world.ledger_agrees()


def test_a_session_of_saturday_was_held_on_saturday(world: World) -> None:
    case = mediated(world)
    parties = world.parties(case)
    world.take(case, NotifyRights(signed_by=parties), by="mediator", at=at("2026-03-03T09:00"))
    session = HoldSession(form="joint", place="调解室", minutes="双方陈述。", happened_at=at("2026-03-07T10:00"))
    world.take(case, session, by="mediator", at=at("2026-03-09T09:00"))
    held = world.column("SELECT held_at FROM mediation_session WHERE case_id = :id", id=case)[0]
    assert str(held).startswith("2026-03-07 02:00")
    assert world.ledger_agrees()


@pytest.mark.parametrize(
    ("when", "now", "code"),
    [
        ("2026-03-05T10:01", "2026-03-05T10:00", "happened_at.in_the_future"),
        ("2026-03-02T08:59", "2026-03-05T10:00", "happened_at.before_what_it_follows"),
        # Monday the 2nd to Tuesday the 10th are six working days.
        ("2026-03-02T10:00", "2026-03-10T09:00", "happened_at.too_long_ago"),
    ],
)
def test_an_act_has_its_place_between_what_it_follows_and_now(
    sqlite_world: World, when: str, now: str, code: str
) -> None:
    case = an_order(sqlite_world)
    events = len(sqlite_world.events(case))
    with pytest.raises(Refusal) as refused:
        sqlite_world.take(case, an_answer(when), by="mediator", at=at(now))
    assert why(refused) == {(code, "happened_at")}
    recorded = [e for e in sqlite_world.events(case)[events:] if e["code"] != "clock:crossed"]
    assert recorded == []


def test_an_act_is_not_dated_before_an_earlier_one_that_was_entered_late_itself(sqlite_world: World) -> None:
    world, case = sqlite_world, an_order(sqlite_world)
    contact = ContactPerson(note="已联系。", happened_at=at("2026-03-04T15:00"))
    world.take(case, contact, by="mediator", at=at("2026-03-05T09:00"))
    with pytest.raises(Refusal) as refused:
        world.take(case, an_answer("2026-03-04T14:59"), by="mediator", at=at("2026-03-05T09:00"))
    assert why(refused) == {("happened_at.before_what_it_follows", "happened_at")}
    (reason,) = refused.value.reasons
    assert reason.values == {"earliest": "2026-03-04 15:00"}
    world.take(case, an_answer("2026-03-04T15:30"), by="mediator", at=at("2026-03-05T09:00"))


def test_a_note_of_an_earlier_call_follows_nothing(sqlite_world: World) -> None:
    world, case = sqlite_world, an_order(sqlite_world)
    world.take(case, ContactPerson(note="已联系。"), by="mediator", at=at("2026-03-04T15:00"))
    note = AddNote(occasion="unanswered_call", note="无人接听", happened_at=at("2026-03-03T09:00"))
    world.take(case, note, by="mediator", at=at("2026-03-05T09:00"))
    world.take(case, an_answer("2026-03-04T16:00"), by="mediator", at=at("2026-03-05T09:00"))


def test_a_light_that_was_recorded_meanwhile_stays_and_an_assessor_decides_whether_it_counts(world: World) -> None:
    """Answered on Monday the 9th, the last day; entered on Tuesday, when it is red."""
    case = an_order(world)
    sweep(world.engine, now=at("2026-03-10T08:00"))
    lit = [
        event for event in world.events(case) if event["code"] == "clock:crossed" and '"rung":"red"' in event["data"]
    ]
    assert lit, "it is red by now"
    world.take(case, an_answer("2026-03-09T17:00"), by="mediator", at=at("2026-03-10T09:00"))
    waivers = world.rows("SELECT * FROM waiver WHERE case_id = :id", id=case)
    order = clock_of(world, case, "order")
    assert [(one["clock"], one["rung"], one["ground"]) for one in waivers] == [(order["number"], "red", "done_before")]
    assert counted(world, case) == {"red"}, "until it is decided it counts"
    world.take(
        case, DecideWaiver(waiver=waivers[0]["number"], decision="upheld", reason="有签收回执。"), by="assessor",
        at=at("2026-03-11T09:00"),
    )  # fmt: skip
    assert "red" not in counted(world, case)
    assert world.ledger_agrees()


def counted(world: World, case: int) -> set[str]:
    calendar = world.office.policy.calendar
    with reading(world.engine) as connection:
        (history,) = histories(connection, actor=TIMERS, cases=[case])
    return {
        mark.outcome
        for mark in marks(history, calendar)
        if mark.measure == "light" and mark.ground is None and mark.clock == clock_of(world, case, "order")["number"]
    }


@pytest.mark.parametrize(
    ("when", "now", "figures"),
    [
        ("2026-03-05T17:00", "2026-03-06T09:00", None),  # the next working day
        ("2026-03-06T17:00", "2026-03-09T09:00", None),  # Friday, entered on Monday
        ("2026-03-05T17:00", "2026-03-09T09:00", {"working_days": 2, "days": 4, "command": "Reply", "after_light": False}),
        ("2026-03-09T17:00", "2026-03-10T09:00", {"working_days": 1, "days": 1, "command": "Reply", "after_light": True}),
    ],
)  # fmt: skip
def test_a_late_entry_is_a_sign_for_the_auditor(
    sqlite_world: World, when: str, now: str, figures: dict[str, object] | None
) -> None:
    world, case = sqlite_world, an_order(sqlite_world, on="2026-03-04T09:00")  # yellow on Tuesday the 10th
    world.take(case, ContactPerson(note="已联系。"), by="mediator", at=at("2026-03-04T09:30"))
    sweep(world.engine, now=at(now))
    world.take(case, an_answer(when), by="mediator", at=at(now))
    keep_up(world.engine, world.office.policy.calendar)
    with reading(world.engine) as connection:
        (history,) = histories(connection, actor=TIMERS, cases=[case])
    found = [one.figures for one in signs(history, world.office.policy.calendar) if one.code == "late_entry"]
    assert found == ([] if figures is None else [figures])


def test_nothing_is_entered_into_a_year_that_is_closed(sqlite_world: World) -> None:
    """Closed by another program since this one has read which years are."""
    world = sqlite_world
    case = an_order(world, on="2025-12-29T09:00")
    with transaction(world.engine) as connection:
        connection.execute(insert(YearClose).values({**A_CLOSED_YEAR, "year": 2025}))
    with pytest.raises(Refusal) as refused:
        world.take(case, an_answer("2025-12-31T17:00"), by="mediator", at=at("2026-01-04T09:00"))
    assert why(refused) == {("happened_at.year_is_closed", "happened_at")}
    world.take(case, an_answer("2026-01-04T08:30"), by="mediator", at=at("2026-01-04T09:00"))


def test_what_is_not_an_act_has_no_such_instant() -> None:
    with pytest.raises(TypeError):
        SignFor(happened_at=at("2026-03-02T09:00"))  # type: ignore[call-arg]
