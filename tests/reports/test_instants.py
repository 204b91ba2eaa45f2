"""Which instant an as-of question means: a day its end, an instant itself, and what the record cannot be asked about."""

from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from reports.record.instants import (
    InstantIsToCome,
    InstantIsUnreadable,
    Moment,
    NoSuchInstant,
    OfficeWasNotFounded,
    moment_from,
    usual_year,
)
from tests.databases import FOUNDED_AT, SmallOffice
from tests.reports.hand_made import at

NOW = at("2026-12-01T09:00")


def instant(office: SmallOffice, text: str) -> Moment:
    return moment_from(text, calendar=office.context.policy.calendar, founded=FOUNDED_AT, now=NOW)


@pytest.mark.parametrize(
    ("text", "utc", "day", "whole"),
    [
        ("2026-06-30", datetime(2026, 6, 30, 16, tzinfo=UTC), date(2026, 6, 30), True),  # 24:00 in Shanghai
        (" 2026-06-30 ", datetime(2026, 6, 30, 16, tzinfo=UTC), date(2026, 6, 30), True),
        ("2026-06-30T17:00", datetime(2026, 6, 30, 9, tzinfo=UTC), date(2026, 6, 30), False),
        ("2026-06-30T17:00+00:00", datetime(2026, 6, 30, 17, tzinfo=UTC), date(2026, 7, 1), False),
        ("2026-06-30T17:00:00.000001Z", datetime(2026, 6, 30, 17, 0, 0, 1, tzinfo=UTC), date(2026, 7, 1), False),
        ("2026-12-01", NOW, date(2026, 12, 1), False),  # today is not over: it means now
        ("2026-11-30", datetime(2026, 11, 30, 16, tzinfo=UTC), date(2026, 11, 30), True),
        ("2026-01-05", datetime(2026, 1, 5, 16, tzinfo=UTC), date(2026, 1, 5), True),  # founded on that day, 08:00
    ],
)
def test_a_day_means_its_end_and_an_instant_itself(
    text: str, utc: datetime, day: date, whole: bool, office: SmallOffice
) -> None:
    assert instant(office, text) == Moment(at=utc, day=day, whole_day=whole)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", InstantIsUnreadable),
        ("30.06.2026", InstantIsUnreadable),
        ("2026-02-29", InstantIsUnreadable),
        ("2026-06-31", InstantIsUnreadable),
        ("0001-01-01T00:00+14:00", InstantIsUnreadable),
        ("9999-12-31", InstantIsUnreadable),
        ("2026-06-30T17:00 08:00", InstantIsUnreadable),
        ("2026-01-04", OfficeWasNotFounded),  # its 24:00 is eight hours before
        ("2026-01-05T07:59", OfficeWasNotFounded),
        ("2000-01-01", OfficeWasNotFounded),
        ("2026-12-02", InstantIsToCome),
        ("2026-12-01T09:01", InstantIsToCome),
        ("2059-01-01", InstantIsToCome),
    ],
)
def test_what_the_record_cannot_be_asked_about_is_refused(
    text: str, error: type[NoSuchInstant], office: SmallOffice
) -> None:
    with pytest.raises(error):
        instant(office, text)


def test_a_time_that_summer_time_skips_is_none(office: SmallOffice) -> None:
    london = replace(office.context.policy.calendar, zone=ZoneInfo("Europe/London"))
    with pytest.raises(InstantIsUnreadable):  # 29 March 2026, 01:00 to 02:00
        moment_from("2026-03-29T01:30", calendar=london, founded=FOUNDED_AT, now=NOW)
    # The day itself ends an hour earlier in UTC than the winter's.
    found = moment_from("2026-03-29", calendar=london, founded=FOUNDED_AT, now=NOW)
    assert found.at == datetime(2026, 3, 29, 23, tzinfo=UTC)


def test_the_last_day_of_a_year_asks_for_the_sheets_of_that_year(office: SmallOffice) -> None:
    calendar, now = office.context.policy.calendar, at("2027-02-01T09:00")
    for text, year in (
        ("2026-12-31", 2026),
        ("2027-01-01", 2027),
        ("2027-01-01T00:00", 2026),
        ("2027-01-01T00:01", 2027),
    ):
        assert usual_year(moment_from(text, calendar=calendar, founded=FOUNDED_AT, now=now), calendar) == year
