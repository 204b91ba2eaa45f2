"""Dates that need a year whose notice is not published: the clock as a whole, and its due date by itself.

Of 2027 only the days are known that the law itself names; 1 January 2027 is a Friday.
"""

import pytest

from tests.workflow.clock_factories import a_clock, a_rule, with_ladder
from tests.workflow.factories import calendar
from workflow.clocks import due_is_provisional
from workflow.model import Light, Roll, Unit
from workflow.policy_rules import RungRule


@pytest.mark.parametrize(
    ("length", "unit", "roll", "started", "clock", "due"),
    [
        # Due Thu 24 Dec 2026; five working days later is Thu 31 Dec: all of it is in the published year.
        (3, Unit.WORKING_DAY, Roll.NONE, "2026-12-21T09:00", False, False),
        # Due Fri 25 Dec; 1=28 2=29 3=30 4=31 Dec, and the fifth is in 2027.
        (4, Unit.WORKING_DAY, Roll.NONE, "2026-12-21T09:00", True, False),
        # Mon 28 Dec: 29, 30, 31 Dec. The due date itself is certain.
        (3, Unit.WORKING_DAY, Roll.NONE, "2026-12-28T09:00", True, False),
        # The fourth is in 2027.
        (4, Unit.WORKING_DAY, Roll.NONE, "2026-12-28T09:00", True, True),
        # Calendar days need no notice: 28 Dec + 30 = 27 Jan. What comes five working days after red does.
        (30, Unit.DAY, Roll.NONE, "2026-12-28T09:00", True, False),
        (30, Unit.DAY, Roll.NEXT_WORKING_DAY, "2026-12-28T09:00", True, True),
        # 1 Dec + 30 = Thu 31 Dec, a working day of a published year: it rolls nowhere.
        (30, Unit.DAY, Roll.NEXT_WORKING_DAY, "2026-12-01T09:00", True, False),
        (1, Unit.MONTH, Roll.NONE, "2026-12-15T09:00", True, False),
        (1, Unit.MONTH, Roll.NEXT_WORKING_DAY, "2026-12-15T09:00", True, True),
        # 400 h = 16 d 16 h: 14 Jan 2027.
        (400, Unit.HOUR, Roll.NONE, "2026-12-28T09:00", True, False),
        (30, Unit.MINUTE, Roll.NONE, "2026-12-21T09:00", False, False),
    ],
)
def test_a_clock_is_provisional_when_any_of_its_instants_needs_an_unpublished_year_and_its_due_date_only_when_it_does(
    length: int, unit: Unit, roll: Roll, started: str, clock: bool, due: bool
) -> None:
    found = a_clock(a_rule(length, unit, roll=roll), started)
    assert found.provisional is clock
    assert due_is_provisional(found, calendar(), rolls=roll is Roll.NEXT_WORKING_DAY) is due


def test_a_window_that_ends_with_its_due_time_needs_no_notice_after_it() -> None:
    # MED-07: 1 Dec + 30 = Thu 31 Dec; nobody is told of anything after it has lapsed.
    assert not a_clock("MED-07", "2026-12-01T09:00").provisional
    assert a_clock("MED-07", "2026-12-02T09:00").provisional  # 1 Jan 2027, a holiday: it rolls into an unknown year


def test_the_last_working_day_before_a_due_date_needs_the_notice_of_its_year() -> None:
    policy = with_ladder(RungRule(code="yellow", light=Light.YELLOW, at="last_working_day"))
    # 2 Jan 2027 is a Saturday, 1 Jan a holiday: the last working day is Thu 31 Dec, if the notice does not change it.
    assert a_clock(a_rule(5, Unit.DAY, ladder="own"), "2026-12-28T09:00", policy=policy).provisional
    assert not a_clock(a_rule(3, Unit.DAY, ladder="own"), "2026-12-28T09:00", policy=policy).provisional
