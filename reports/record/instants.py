"""The instant that an as-of question means. A day means its end, 24:00 in the office's zone; a local time and an instant
with its offset mean themselves; today means now, for the day is not over.

Errors, each with the code of its words:

    NoSuchInstant
        InstantIsUnreadable     neither a day nor an instant, or a local time that the clocks skip
        OfficeWasNotFounded     before there was a record
        InstantIsToCome         nothing can be known of it yet
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from infra.i18n import write_day, write_minute
from people.tables import Office
from workflow.calendar import FIRST_YEAR, LAST_YEAR, NoSuchTime, WorkCalendar
from workflow.counting import A_MOMENT

_office = Office.__table__.c  # type: ignore[attr-defined]


class NoSuchInstant(ValueError):
    """The record cannot be asked about this."""

    code: ClassVar[str]


class InstantIsUnreadable(NoSuchInstant):
    code = "as_of.unreadable"


class OfficeWasNotFounded(NoSuchInstant):
    """Carries the day from which on there is a record."""

    code = "as_of.before_the_office"

    def __init__(self, founded: date) -> None:
        super().__init__(founded.isoformat())
        self.founded = founded


class InstantIsToCome(NoSuchInstant):
    code = "as_of.still_to_come"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What is asked about: everything recorded by `at`. `day` is the local day it falls on or ends; `whole_day` says that
    `at` is its 24:00."""

    at: datetime
    day: date
    whole_day: bool

    @property
    def written(self) -> str:
        """What asks about just this instant, whenever it is asked."""
        return self.day.isoformat() if self.whole_day else self.at.isoformat()


def founded_at(connection: Connection) -> datetime:
    """When the office's record begins."""
    found: datetime = connection.execute(select(_office.created_at)).scalar_one()
    return found


def moment_from(text: str, *, calendar: WorkCalendar, founded: datetime, now: datetime) -> Moment:
    """2026-06-30, 2026-06-30T17:00, 2026-06-30T17:00+08:00. Raises `NoSuchInstant`."""
    moment = _read(text.strip(), calendar, now)
    if moment.at < founded:
        raise OfficeWasNotFounded(calendar.local_day(founded))
    if moment.at > now:
        raise InstantIsToCome(text)
    return moment


def _read(text: str, calendar: WorkCalendar, now: datetime) -> Moment:
    try:
        read = datetime.fromisoformat(text)
        if not FIRST_YEAR <= read.year <= LAST_YEAR:
            raise InstantIsUnreadable(text)
        if _is_day(text):
            return _end_of(read.date(), calendar, now)
        at = read.astimezone(UTC) if read.tzinfo else calendar.instant_of(read)
    except (NoSuchTime, ValueError) as error:
        raise InstantIsUnreadable(text) from error
    return Moment(at=at, day=calendar.local_day(at), whole_day=False)


def _is_day(text: str) -> bool:
    """`datetime` reads a day as its midnight; a person who writes one means all of it."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _end_of(day: date, calendar: WorkCalendar, now: datetime) -> Moment:
    if day == calendar.local_day(now):
        return Moment(at=now, day=day, whole_day=False)
    return Moment(at=calendar.end_of(day), day=day, whole_day=True)


def usual_year(moment: Moment, calendar: WorkCalendar) -> int:
    """The year whose sheets are meant if none is named: the one that the moment ends or lies in."""
    return calendar.local_day(moment.at - A_MOMENT).year


def moment_words(moment: Moment, language: str, zone: ZoneInfo) -> str:
    """2026年6月30日 周二 24:00; with the minute for an instant that does not end a day."""
    if moment.whole_day:
        return f"{write_day(moment.day, language)} 24:00"
    return write_minute(moment.at, language, zone)
