"""Working days, months and zones. Every due date is a literal; the counted days stand beside it.

Source: the vectors of the field's handbook, worked out by hand from the yearly notices of the State Council's office.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.workflow.factories import calendar
from workflow.calendar import WorkCalendar, add_months

CN = calendar()


def days_of(year: int, month: int | None = None) -> list[date]:
    first = date(year, 1, 1)
    days = [first + timedelta(days=n) for n in range((date(year + 1, 1, 1) - first).days)]
    return [day for day in days if month in (None, day.month)]


# -- the vectors ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "n", "due"),
    [
        # Fri 13 Feb 2026; Sat 14 is a make-up working day before the Spring Festival (15-23 Feb): 1=14.
        ("2026-02-13", 1, "2026-02-14"),
        # Sun 15 Feb is the first holiday; 16-23 are holidays: 1=Tue 24.
        ("2026-02-15", 1, "2026-02-24"),
        # Fri 27 Feb; 1=Sat 28 (make-up), Sun 1 Mar off, 2=Mon 2 Mar.
        ("2026-02-27", 2, "2026-03-02"),
        # Wed 31 Dec 2025; 1-3 Jan off; 1=Sun 4 Jan (make-up), 2=Mon 5, 3=Tue 6.
        ("2025-12-31", 3, "2026-01-06"),
        # Fri 18 Sep; Sat 19 off; 1=Sun 20 (make-up, before the holiday it pays for).
        ("2026-09-18", 1, "2026-09-20"),
        # Fri 9 Oct; 1=Sat 10 (make-up), Sun 11 off, 2=Mon 12.
        ("2026-10-09", 2, "2026-10-12"),
        # Fri 7 Feb 2025; 1=Sat 8 (make-up).
        ("2025-02-07", 1, "2025-02-08"),
        # Tue 30 Sep 2025; 1-8 Oct off; 1=Thu 9, 2=Fri 10, 3=Sat 11 (make-up), Sun 12 off, 4=Mon 13, 5=Tue 14.
        ("2025-09-30", 5, "2025-10-14"),
        # Thu 18 Jun; 19-21 Jun Dragon Boat; 1=Mon 22.
        ("2026-06-18", 1, "2026-06-22"),
        # C1.1: Fri 11 Sep; 1=Mon 14, 2=Tue 15, 3=Wed 16.
        ("2026-09-11", 3, "2026-09-16"),
        # C4.2: Fri 26 Sep 2025; 1=Sun 28 (make-up) 2=29 3=30, 1-8 Oct off, 4=9 5=10 6=Sat 11 (make-up) 7=13 8=14 9=15 10=16.
        ("2025-09-26", 10, "2025-10-16"),
        # C5 without its pause: 1=28 2=29 3=30 Apr, 1-5 May off, 4=6 5=7 6=8 7=Sat 9 (make-up) 8=11 ... 12=15 13=18 14=19 15=20.
        ("2026-04-27", 15, "2026-05-20"),
    ],
)
def test_the_start_day_is_not_counted_and_holidays_and_make_up_days_are_those_of_the_notice(
    start: str, n: int, due: str
) -> None:
    assert CN.nth_working_day_after(date.fromisoformat(start), n) == date.fromisoformat(due)


@pytest.mark.parametrize(
    ("start", "n", "due", "rolled"),
    [
        # 19 Apr + 15 = 4 May, in the Labour Day holiday (1-5 May): the first working day after it is Wed 6.
        ("2026-04-19", 15, "2026-05-04", "2026-05-06"),
        # 30 Jan + 30: 1 day left of January, 28 of February, so 1 Mar, a Sunday: Mon 2.
        ("2026-01-30", 30, "2026-03-01", "2026-03-02"),
        # 6 Mar + 30: 25 days left of March, so 5 Apr, the Qingming Sunday (4-6 Apr off): Tue 7.
        ("2026-03-06", 30, "2026-04-05", "2026-04-07"),
    ],
)
def test_a_day_count_rolls_to_the_first_working_day_only_when_asked(start: str, n: int, due: str, rolled: str) -> None:
    last = date.fromisoformat(start) + timedelta(days=n)
    assert last == date.fromisoformat(due)
    assert CN.next_working_day(last) == date.fromisoformat(rolled)


def test_a_working_day_does_not_roll() -> None:
    assert CN.next_working_day(date(2026, 9, 16)) == date(2026, 9, 16)  # a Wednesday
    assert CN.next_working_day(date(2026, 2, 14)) == date(2026, 2, 14)  # a make-up Saturday


# -- months -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "months", "due"),
    [
        ("2026-09-15", 1, "2026-10-15"),
        ("2026-01-31", 1, "2026-02-28"),  # February 2026 has no 31st: its last day
        ("2028-01-31", 1, "2028-02-29"),  # a leap year
        ("2026-01-31", 2, "2026-03-31"),  # counted from the start, not from the shortened February
        ("2026-03-31", 1, "2026-04-30"),
        ("2025-12-15", 1, "2026-01-15"),
        ("2025-11-30", 3, "2026-02-28"),
        ("2026-12-31", 12, "2027-12-31"),
        ("2024-02-29", 12, "2025-02-28"),
    ],
)
def test_a_month_ends_on_the_corresponding_day_or_on_the_last_of_the_month(start: str, months: int, due: str) -> None:
    assert add_months(date.fromisoformat(start), months) == date.fromisoformat(due)


# -- whole years ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("year", "by_month"),
    [
        # 19+19+21+22+19+20+23+21+23+18+20+23 = 248
        (2025, (19, 19, 21, 22, 19, 20, 23, 21, 23, 18, 20, 23)),
        # 21+16+22+21+19+21+23+21+22+18+21+23 = 248
        (2026, (21, 16, 22, 21, 19, 21, 23, 21, 22, 18, 21, 23)),
    ],
)
def test_each_published_year_has_248_working_days_in_these_months(year: int, by_month: tuple[int, ...]) -> None:
    counted = tuple(sum(map(CN.is_working_day, days_of(year, month))) for month in range(1, 13))
    assert counted == by_month
    assert sum(counted) == 248


def test_the_index_counts_the_same_working_days_as_asking_day_by_day() -> None:
    assert CN.working_days_between(date(2024, 12, 31), date(2025, 12, 31)) == 248
    assert CN.working_days_between(date(2025, 12, 31), date(2026, 12, 31)) == 248


def test_working_days_between_leaves_out_the_first_day_and_counts_the_last() -> None:
    # Mon 2 to Fri 6 March 2026: 3, 4, 5, 6.
    assert CN.working_days_between(date(2026, 3, 2), date(2026, 3, 6)) == 4
    assert CN.working_days_between(date(2026, 3, 6), date(2026, 3, 6)) == 0
    assert CN.working_days_between(date(2026, 3, 6), date(2026, 3, 8)) == 0  # a weekend


@pytest.mark.parametrize("day", ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"])
def test_a_make_up_day_on_a_weekend_is_a_working_day(day: str) -> None:
    assert date.fromisoformat(day).weekday() >= 5
    assert CN.is_working_day(date.fromisoformat(day))


@pytest.mark.parametrize("day", ["2026-01-02", "2026-02-16", "2026-04-06", "2026-05-05", "2026-06-19", "2026-09-25"])
def test_a_holiday_on_a_weekday_is_not_a_working_day(day: str) -> None:
    assert date.fromisoformat(day).weekday() < 5
    assert not CN.is_working_day(date.fromisoformat(day))


# -- provisional years ------------------------------------------------------------------------------------------------


def test_2027_is_provisional_until_its_notice_is_loaded() -> None:
    assert CN.published == {2025, 2026}
    assert CN.is_provisional(date(2026, 12, 30), date(2027, 1, 4))
    assert CN.is_provisional(date(2027, 3, 1), date(2027, 3, 2))
    assert not CN.is_provisional(date(2026, 12, 30), date(2026, 12, 31))


def test_a_year_between_two_published_ones_makes_a_count_provisional_too() -> None:
    gap = WorkCalendar(name="x", zone=ZoneInfo("UTC"), off=frozenset(), work=frozenset(), published=frozenset({1, 3}))
    assert gap.is_provisional(date(1, 12, 31), date(3, 1, 1))


def test_a_provisional_year_is_counted_by_weekends_and_the_days_that_the_law_itself_names() -> None:
    # Wed 30 Dec 2026; 1=Thu 31, Fri 1 Jan 2027 off by law, 2-3 weekend, 2=Mon 4.
    assert CN.nth_working_day_after(date(2026, 12, 30), 2) == date(2027, 1, 4)
    # Thu 4 Feb 2027: Fri 5 (New Year's Eve) and Mon 8 off by law, 6-7 weekend: 1=Tue 9.
    assert CN.nth_working_day_after(date(2027, 2, 4), 1) == date(2027, 2, 9)
    # The rest of the Spring Festival break is unknown, so Wed 10 counts.
    assert CN.nth_working_day_after(date(2027, 2, 4), 2) == date(2027, 2, 10)


# -- zones ------------------------------------------------------------------------------------------------------------


def test_a_local_day_begins_eight_hours_before_the_same_day_in_utc() -> None:
    assert CN.start_of(date(2026, 9, 16)) == datetime(2026, 9, 15, 16, 0, tzinfo=UTC)
    assert CN.end_of(date(2026, 9, 16)) == CN.start_of(date(2026, 9, 17))


def test_an_instant_belongs_to_the_local_day_and_midnight_to_the_new_one() -> None:
    assert CN.local_day(datetime(2026, 9, 15, 15, 59, 59, tzinfo=UTC)) == date(2026, 9, 15)
    assert CN.local_day(datetime(2026, 9, 15, 16, 0, tzinfo=UTC)) == date(2026, 9, 16)


def test_a_day_of_23_or_25_hours_begins_and_ends_at_local_midnight() -> None:
    berlin = WorkCalendar(
        name="de", zone=ZoneInfo("Europe/Berlin"), off=frozenset(), work=frozenset(), published=frozenset({2026})
    )
    # Sunday 29 March 2026: 00:00 is still UTC+1, 24:00 already UTC+2: 23 hours.
    assert berlin.start_of(date(2026, 3, 29)) == datetime(2026, 3, 28, 23, 0, tzinfo=UTC)
    assert berlin.end_of(date(2026, 3, 29)) == datetime(2026, 3, 29, 22, 0, tzinfo=UTC)
    # Sunday 25 October 2026: 25 hours.
    assert berlin.end_of(date(2026, 10, 25)) - berlin.start_of(date(2026, 10, 25)) == timedelta(hours=25)
