"""Cases told by hand, asked for at many instants: every state, light and date of then is a literal, worked out beside it.

The record of the whole demo office against copies of its rows is in `test_as_of_replay.py`.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from cases.execute import Opened
from cases.sweep import sweep
from cases.tables import Recusal
from infra.db import reading, transaction
from reports.record.as_of import CaseAsOf, CaseWasNotKnown, SheetsAsOf, case_as_of, open_cases_as_of, sheets_as_of
from reports.record.instants import Moment, moment_from
from reports.years.assessment import YearWithoutCalendar, YearWithoutData
from stories.story import Matter, Story, StoryStep, Teller
from tests.databases import FOUNDED_AT, SmallOffice, found, step
from tests.reports.hand_made import at
from workflow.clocks import Left
from workflow.model import TIMERS, Actor, Role, Unit
from workflow.policy import NoSuchScheme

NOW = at("2026-12-01T09:00")
WORDS = {"title": "夜间噪声", "statement": "夜间22时后冲床噪声", "applicant": "周边居民"}

#: An order of the hotline that is extended, suspended, answered, closed and opened again.
NOISE = (
    step("2026-04-27T09:15", "clerk", "Register", **WORDS, respondents=["某厂"], dispute_type="18", channel="hotline"),
    step("2026-04-27T09:15", "clerk", "Accept"),
    step("2026-04-27T09:15", "coordinator", "Assign", unit="room", handler="mediator"),
    step("2026-04-27T10:00", "mediator", "SignFor"),
    step("2026-04-27T16:00", "mediator", "ContactPerson", note="已联系。"),
    step("2026-04-30T09:30", "mediator", "RequestExtension", to_length=15, reason="需检测。"),
    step("2026-04-30T10:00", "supervisor", "GrantExtension", to_length=15, person_told=True),
    step("2026-05-11T14:00", "mediator", "Suspend", ground="measurement", until="2026-05-22", note="监测。"),
    step("2026-05-15T10:00", "mediator", "Resume", note="取得报告。"),
    step("2026-05-22T11:00", "mediator", "Reply", form="handling_decision", answer="已加装隔声罩。"),
    step("2026-05-22T16:00", "petitioner", "Rate", score="fairly_satisfied"),
    step("2026-05-25T09:00", "mediator", "Close", outcome="resolved"),
    step("2026-06-01T09:00", "duty_leader", "Reopen", ground="not_finished", note="噪声又起。"),
    step("2026-06-02T15:00", "mediator", "Reply", form="handling_decision", answer="已修复。"),
    step("2026-06-03T09:00", "mediator", "Close", outcome="explained"),
)  # fmt: skip


def lived(
    office: SmallOffice, steps: Sequence[StoryStep], *, sweeps: Sequence[str], matter: Matter = "hotline"
) -> Opened:
    """The steps in order, the sweep at its own instants between them and at no other."""
    teller = Teller(
        office.engine, office.context, office.stage, Story(case="hand-made", matter=matter, steps=tuple(steps))
    )
    happens = sorted([(at(one.at), 0, n) for n, one in enumerate(steps)] + [(at(when), 1, 0) for when in sweeps])
    for moment, swept, index in happens:
        if swept:
            assert not sweep(office.engine, now=moment).failed
        else:
            teller.tell(index)
    assert teller.opened
    return teller.opened


def instant(office: SmallOffice, text: str) -> Moment:
    return moment_from(text, calendar=office.context.policy.calendar, founded=FOUNDED_AT, now=NOW)


def known(office: SmallOffice, opened: Opened, on: str, *, actor: Actor = TIMERS) -> CaseAsOf:
    moment = instant(office, on)
    with reading(office.engine) as connection:
        return case_as_of(connection, opened.case_id, at=moment.at, actor=actor, office=office.context)


def listed(office: SmallOffice, on: str, *, actor: Actor = TIMERS) -> list[int]:
    moment = instant(office, on)
    with reading(office.engine) as connection:
        found = open_cases_as_of(connection, at=moment.at, actor=actor, office=office.context)
    return [int(one.case_id) for one in found]


def sheets(
    office: SmallOffice, on: str, *, year: int = 2026, actor: Actor = TIMERS, scheme: str = "LIGHTS-A"
) -> SheetsAsOf:
    moment = instant(office, on)
    with reading(office.engine) as connection:
        return sheets_as_of(connection, year=year, scheme=scheme, at=moment.at, actor=actor, office=office.context)


# -- a life -----------------------------------------------------------------------------------------------------------

# On the day, 24:00: state, steps taken, events, the clock whose light was shown, its light, last day in time, time left.
# The order has 5 working days from 27 April: 28, 29, 30 April, 6, 7 May; 1-5 May are holidays, 9 May is a working day.
LIFE: dict[str, tuple[Any, ...]] = {
    # 29, 30 April, 6, 7 May are left once the 28th has begun.
    "2026-04-27": ("handling", 5, 5, "order", "green", "2026-05-07", (4, "working_day", False)),
    # Asked for, and not granted yet: the instant itself is part of what is known.
    "2026-04-30T09:29": ("handling", 5, 5, "order", "green", "2026-05-07", (2, "working_day", False)),
    "2026-04-30T09:30": ("handling", 6, 6, "order", "green", "2026-05-07", (2, "working_day", False)),
    # 15 working days from the same start: 28, 29, 30 April, 6-9, 11-15, 18, 19, 20 May.
    "2026-04-30": ("handling", 7, 7, "order", "green", "2026-05-20", (12, "working_day", False)),
    # Suspended, until the 22nd as planned: the 11th is day 8, the day on which it goes on is none: 25-29 May, 1, 2 June.
    "2026-05-11": ("handling", 8, 8, "order", "paused", "2026-06-02", (15, "working_day", False)),
    # Resumed on the 15th instead, which is no day of it either: 18-22, 25, 26 May.
    "2026-05-15": ("handling", 9, 9, "order", "green", "2026-05-26", (7, "working_day", False)),
    # A third of 15 is left once the 20th begins, which is 24:00 of the 19th; swept at that very instant.
    "2026-05-19": ("handling", 9, 10, "order", "yellow", "2026-05-26", (4, "working_day", False)),
    # Answered: what runs on is the person's window; the half of yellow crossed at 24:00 of the 21st.
    "2026-05-22": ("replied", 11, 13, "closing", "green", "2026-06-12", (15, "working_day", False)),
    "2026-05-25": ("closed", 12, 14, None, None, None, None),
    "2026-05-31": ("closed", 12, 14, None, None, None, None),
    # Opened again: two days, 25 and 26 May, were left when it was answered; they are 2 and 3 June now. Yellow at once,
    # and swept at 24:00.
    "2026-06-01": ("handling", 13, 16, "order", "yellow", "2026-06-03", (1, "working_day", False)),
    "2026-06-03": ("closed", 15, 18, None, None, None, None),
}  # fmt: skip
SWEEPS = ("2026-05-20T00:00", "2026-05-22T00:00", "2026-06-02T00:00", "2026-06-30T00:00")


def test_a_case_is_known_at_each_instant_of_its_life_as_it_was_then(engine: Engine) -> None:
    office = found(engine)
    opened = lived(office, NOISE, sweeps=SWEEPS)
    assert {on: _said(known(office, opened, on)) for on in LIFE} == LIFE


def _said(one: CaseAsOf) -> tuple[Any, ...]:
    whole = (one.state, one.version, len(one.events))
    shown = one.foremost
    if shown is None:
        return (*whole, None, None, None, None)
    assert shown.left is not None
    left = (shown.left.amount, shown.left.unit.value, shown.left.overdue)
    light = "paused" if shown.paused_until else shown.light.value
    return (*whole, shown.clock.name, light, shown.due_on.isoformat(), left)


def test_what_was_planned_asked_or_ended_later_is_not_known_before(office: SmallOffice) -> None:
    opened = lived(office, NOISE, sweeps=SWEEPS)
    assert known(office, opened, "2026-04-30T09:30").extension_asked == 15
    assert known(office, opened, "2026-04-30").extension_asked is None
    before, after = known(office, opened, "2026-04-29"), known(office, opened, "2026-04-30")
    assert [(one.clock.length, one.clock.outcome) for one in before.clocks if one.clock.name == "order"] == [(5, None)]
    assert [(one.clock.length, one.clock.outcome) for one in after.clocks if one.clock.name == "order"] == [
        (5, "extended"), (15, None),
    ]  # fmt: skip
    paused = known(office, opened, "2026-05-11")
    assert (paused.paused_until, paused.foremost and paused.foremost.paused_until) == (at("2026-05-22T00:00"),) * 2
    assert [(p.at, p.until) for p in paused.clocks[-1].clock.pauses] == [
        (at("2026-05-11T14:00"), at("2026-05-22T00:00"))
    ]
    resumed = known(office, opened, "2026-05-15")
    assert [(p.at, p.until) for p in resumed.clocks[-1].clock.pauses] == [
        (at("2026-05-11T14:00"), at("2026-05-15T10:00"))
    ]
    assert known(office, opened, "2026-05-15").milestones == ("contacted",)
    assert known(office, opened, "2026-05-22").milestones == ("answered", "contacted", "rated")
    assert known(office, opened, "2026-05-25").outcome == "resolved"
    assert known(office, opened, "2026-06-01").outcome is None
    assert known(office, opened, "2026-06-03").outcome == "explained"
    assert known(office, opened, "2026-05-25").closed_at == at("2026-05-25T09:00")


def test_who_held_it_and_its_number_are_those_of_then(office: SmallOffice) -> None:
    opened = lived(office, NOISE[:5], sweeps=())
    one = known(office, opened, "2026-04-27T09:15")
    held = [(c.unit, c.person, c.until_at) for c in one.custodies]
    # Registered, accepted and assigned within one minute: the last of it is what the instant knew.
    assert held[-1] == (office.units["room"], office.accounts["mediator"], None)
    assert (one.holder_unit, one.holder_person) == held[-1][:2]
    assert one.number[1:] == (2026, 1)
    assert one.public_id == opened.public_id


# -- noticed late -----------------------------------------------------------------------------------------------------

# Nobody touches this order, and the sweep stands still until 09:00 of the day after it was due on 7 May, 24:00.
LATE = NOISE[:2]


def test_a_crossing_that_was_noticed_late_is_not_known_before_though_its_light_was_shown(engine: Engine) -> None:
    office = found(engine)
    opened = lived(office, LATE, sweeps=("2026-05-08T09:00",))
    shown = {}
    for on in ("2026-05-05T23:59", "2026-05-05", "2026-05-07", "2026-05-08T09:00"):
        one = known(office, opened, on)
        (order,) = [clock for clock in one.clocks if clock.clock.name == "order"]
        crossed = [event.data["rung"] for event in one.events if event.code == "clock:crossed"]
        shown[on] = (order.light.value, order.clock.crossed_until, crossed)
    # A third of 5 days, rounded up, is 2: yellow once 6 May begins. Half of yellow, then red at the due time.
    assert shown == {
        "2026-05-05T23:59": ("green", None, []),
        "2026-05-05": ("yellow", None, []),
        "2026-05-07": ("red", None, []),
        "2026-05-08T09:00": ("red", at("2026-05-08T00:00"), ["yellow", "half_yellow", "red"]),
    }


def test_a_sheet_counts_a_light_from_when_it_was_recorded(engine: Engine) -> None:
    office = found(engine)
    lived(office, LATE, sweeps=("2026-05-08T09:00",))
    centre = office.units["centre"]
    totals = {on: sheets(office, on).assessment.units[0].score.total for on in ("2026-05-07", "2026-05-08")}
    assert totals == {"2026-05-07": Decimal("100.00"), "2026-05-08": Decimal("99.00")}  # one red, a point
    before, after = sheets(office, "2026-05-07"), sheets(office, "2026-05-08")
    assert before.lines == {centre: ()}
    assert [(line.mark.measure, line.mark.outcome, line.number[1:], line.points) for line in after.lines[centre]] == [
        ("light", "red", (2026, 1), Decimal("-1.0"))
    ]


def test_a_year_that_nothing_was_known_of_has_no_sheet_yet(office: SmallOffice) -> None:
    lived(office, LATE, sweeps=())
    with pytest.raises(YearWithoutData):
        sheets(office, "2026-04-26")
    with pytest.raises(YearWithoutData):
        sheets(office, "2026-04-27", year=2025)
    with pytest.raises(YearWithoutCalendar):
        sheets(office, "2026-04-27", year=2031)
    with pytest.raises(NoSuchScheme):
        sheets(office, "2026-04-27", scheme="NONE")


# -- the work list ----------------------------------------------------------------------------------------------------


def test_the_list_of_then_holds_what_was_open_then_by_what_was_due_next(engine: Engine) -> None:
    office = found(engine)
    noise = lived(office, NOISE, sweeps=SWEEPS).case_id
    # A second order of 29 April, never touched: 5 working days end on 9 May (30 April, 6-9 May).
    other = office.tell("hotline", step("2026-04-29T10:00", "clerk", "Register", **WORDS), step("2026-04-29T10:00", "clerk", "Accept")).case_id  # fmt: skip
    assert {on: listed(office, on) for on in (
        "2026-04-26", "2026-04-27", "2026-04-29", "2026-04-30", "2026-05-25T08:59", "2026-05-25T09:00", "2026-05-31",
        "2026-06-01", "2026-06-03",
    )} == {
        "2026-04-26": [],
        "2026-04-27": [noise],
        "2026-04-29": [noise, other],  # 7 May before 9 May
        "2026-04-30": [other, noise],  # extended to 20 May
        "2026-05-25T08:59": [other, noise],
        "2026-05-25T09:00": [other],  # closed, and opened again a week later: closed all that week
        "2026-05-31": [other],
        "2026-06-01": [other, noise],  # 9 May before 3 June
        "2026-06-03": [other],
    }  # fmt: skip


# -- reach ------------------------------------------------------------------------------------------------------------


def _auditor(office: SmallOffice, unit: str) -> Actor:
    return Actor(
        account=office.accounts["auditor"], role=Role.AUDITOR, unit=office.units[unit],
        units=frozenset({office.units[unit]}),
    )  # fmt: skip


def test_the_reach_is_that_of_the_present_for_the_past_too(engine: Engine) -> None:
    """A case that has moved to the desk is the desk's auditor's to look at, with all of its past, and nobody else's."""
    office = found(engine)
    moved = (*NOISE[:5], step("2026-05-06T09:00", "coordinator", "Assign", unit="desk", handler="desk_mediator"))
    opened = lived(office, moved, sweeps=())
    desk, room = _auditor(office, "desk"), _auditor(office, "room")
    one = known(office, opened, "2026-04-27", actor=desk)
    assert one.holder_unit == office.units["room"]
    assert listed(office, "2026-04-27", actor=desk) == [opened.case_id]
    assert listed(office, "2026-04-27", actor=room) == []
    with pytest.raises(CaseWasNotKnown):
        known(office, opened, "2026-04-27", actor=room)
    assert known(office, opened, "2026-05-06", actor=office.actors["auditor"]).holder_unit == office.units["desk"]


def test_a_sheet_of_then_is_of_the_readers_own_units_and_names_cases_that_have_moved_on(office: SmallOffice) -> None:
    lived(
        office,
        (*NOISE[:4], step("2026-05-09T09:00", "coordinator", "Assign", unit="desk")),
        sweeps=("2026-05-08T00:00",),
    )
    found = sheets(office, "2026-05-10", actor=_auditor(office, "room"))
    assert [sheet.unit for sheet in found.assessment.units] == [office.units["room"]]
    red = [
        line for line in found.lines[office.units["room"]] if line.mark.outcome == "red" and line.mark.rule == "HOT-07"
    ]
    assert [(line.number[1:], line.within_reach) for line in red] == [((2026, 1), False)]


def test_a_person_who_is_recused_now_finds_no_past_either(office: SmallOffice) -> None:
    opened = lived(office, NOISE[:5], sweeps=())
    auditor = office.actors["auditor"]
    assert listed(office, "2026-04-27", actor=auditor) == [opened.case_id]
    with transaction(office.engine) as connection:
        connection.execute(insert(Recusal).values(case_id=opened.case_id, person=auditor.account))
    assert listed(office, "2026-04-27", actor=auditor) == []
    with pytest.raises(CaseWasNotKnown):
        known(office, opened, "2026-04-27", actor=auditor)


def test_an_administrator_knows_of_no_case_at_any_time(office: SmallOffice) -> None:
    lived(office, NOISE[:5], sweeps=())
    assert listed(office, "2026-04-27", actor=office.actors["administrator"]) == []


# -- time left --------------------------------------------------------------------------------------------------------


def test_the_time_left_is_counted_from_then(office: SmallOffice) -> None:
    opened = lived(office, LATE, sweeps=())
    found = known(office, opened, "2026-05-09T12:00").foremost
    # Due on 7 May, 24:00: the 8th and the 9th, which is a Saturday to be worked, have passed.
    assert found is not None
    assert found.left == Left(amount=2, unit=Unit.WORKING_DAY, overdue=True)
