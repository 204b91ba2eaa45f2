"""What is not urgent waits as its recipient has chosen (`people/telling.py`): for the morning's digest, for the end of their quiet
hours, or it is left to the desk.

Never held back: what the office itself has to say (accounts, anchors, the clock), a red light, a matter in a crisis, and what would
be due before they heard of it. A digest that was made is held back whole, or not at all. Who has chosen nothing is not looked at.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, exists, update

from cases.crossings import CROSSED
from cases.tables import Case, Clock
from cases.visibility import case, visible_cases
from infra.among import is_among
from ledger.chain import OFFICE_STREAM
from ledger.outbox import DAILY
from ledger.tables import Event, Message
from ledger.upcasters import data_of
from notifications.daily import MORNING
from notifications.forwarding import AT_THE_DESK
from notifications.texting import write_texts
from people.tables import Telling
from people.telling import DESK, DIGEST, Chosen, chosen_in
from workflow.calendar import WorkCalendar
from workflow.model import TIMERS, Light
from workflow.procedure import Part
from workflow.procedures import PROCEDURES

_message, _event = Message.__table__.c, Event.__table__.c  # type: ignore[attr-defined]
_telling, _clock = Telling.__table__.c, Clock.__table__.c  # type: ignore[attr-defined]
#: The limits that a matter has in a crisis.
_OF_CRISES = frozenset(
    name for table in PROCEDURES.values() for name, parts in table.clocks.items() if Part.REPORTS in parts
)


@dataclass(frozen=True, slots=True)
class _Held:
    """What becomes of a message: the columns of its row."""

    next_try_at: datetime | None
    bundle: str | None = None
    last_error: str | None = None


def hold_back(connection: Connection, calendar: WorkCalendar, *, now: datetime) -> int:
    """Of what is due by `now` and was not tried yet, what its recipient would rather have later; what is urgent goes to their telephone
    as well. Returns how many are held back."""
    rows = _waiting(connection, now=now)
    urgent = [row for row in rows if is_urgent(row)]
    write_texts(connection, [row.id for row in urgent if row.phone], now=now)
    at_once, digests = {row.id for row in urgent}, {row.bundle for row in urgent if row.bundle}
    held: dict[_Held, list[int]] = defaultdict(list)
    for row in rows:
        # A digest with something urgent in it goes as it is: both halves would have one Message-ID.
        if row.id not in at_once and row.bundle not in digests and (found := _held(row, calendar, now)):
            held[found].append(row.id)
    for what, messages in held.items():
        values: dict[str, Any] = {"next_try_at": what.next_try_at}
        if what.next_try_at is None:
            values |= {"bundle": what.bundle, "last_error": what.last_error}
        connection.execute(update(Message).where(is_among(_message.id, messages)).values(**values))
    return sum(map(len, held.values()))


def _waiting(connection: Connection, *, now: datetime) -> Sequence[Any]:
    crisis = exists().where(_clock.case_id == _message.stream, _clock.name.in_(_OF_CRISES))
    query = (
        visible_cases(
            TIMERS, _message.id, _message.bundle, _event.code, _event.data, case.next_due_at, crisis.label("crisis"),
            _telling.lights, _telling.news, _telling.quiet_from, _telling.quiet_until, _telling.phone,
        )
        .join_from(Case, Message, case.id == _message.stream)
        .join(Telling, _telling.account_id == _message.recipient)
        .join(Event, (_event.stream == _message.stream) & (_event.seq == _message.seq))
        .where(_message.next_try_at <= now, _message.attempts == 0, _message.stream != OFFICE_STREAM)
        .order_by(_message.id)
        .with_for_update(of=Message.__table__, skip_locked=True)  # type: ignore[attr-defined]
    )  # fmt: skip
    return connection.execute(query).all()


def is_urgent(row: Any) -> bool:
    """A red light, or a matter in a crisis."""
    return row.crisis or (row.code == CROSSED and data_of(row.code, row.data).get("light") == Light.RED)


def _held(row: Any, calendar: WorkCalendar, now: datetime) -> _Held | None:
    said, chosen = data_of(row.code, row.data), chosen_in(row)
    is_light = row.code == CROSSED
    due = datetime.fromisoformat(said["due_at"]) if is_light and said.get("due_at") else row.next_due_at
    quiet = _end_of_quiet(chosen, calendar, now)
    if row.bundle is None:
        wanted = chosen.lights if is_light else chosen.news
        if wanted == DESK:
            return _Held(None, last_error=AT_THE_DESK)
        if wanted == DIGEST and (due is None or due > _next_morning(calendar, now)):
            return _Held(None, bundle=DAILY)
    if quiet and (due is None or due > quiet):
        return _Held(quiet)
    return None


def _next_morning(calendar: WorkCalendar, now: datetime) -> datetime:
    """When the digest goes out that has what is written now."""
    morning = calendar.start_of(calendar.local_day(now)) + timedelta(hours=MORNING.hour)
    return morning if now < morning else morning + timedelta(days=1)


def _end_of_quiet(chosen: Chosen, calendar: WorkCalendar, now: datetime) -> datetime | None:
    """When the quiet hours end in which `now` is; None outside them."""
    if chosen.quiet is None:
        return None
    begins, ends = chosen.quiet
    hour, today = calendar.local_time(now).hour, calendar.local_day(now)
    is_quiet = begins <= hour < ends if begins < ends else hour >= begins or hour < ends
    if not is_quiet:
        return None
    day = today if hour < ends else today + timedelta(days=1)
    return calendar.start_of(day) + timedelta(hours=ends)
