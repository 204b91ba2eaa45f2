"""The morning's digest: what is not urgent for a person waits for it, and goes out as one mail a day.

Source: the default ladder of who is told (`domain.md` §2.3: the duty leader is told of yellow by digest).
"""

from datetime import datetime, time, timedelta

from sqlalchemy import Engine, select, update

from infra.among import is_among
from infra.db import transaction
from ledger.outbox import DAILY
from ledger.tables import Message
from notifications.names import digest_name
from workflow.calendar import WorkCalendar

MORNING = time(8, 0)

_message = Message.__table__.c  # type: ignore[attr-defined]


def release_digests(engine: Engine, calendar: WorkCalendar, *, now: datetime) -> int:
    """Lets go what was written before this morning, one digest a person. Returns how many. Once a day is enough, and
    more often is harmless: what comes after the morning waits for the next one."""
    today = calendar.local_day(now)
    morning = calendar.start_of(today) + timedelta(hours=MORNING.hour)
    if now < morning:
        return 0
    waiting = (
        (_message.bundle == DAILY)
        & _message.next_try_at.is_(None)
        & _message.sent_at.is_(None)
        & _message.dead_at.is_(None)
        & (_message.recorded_at < morning)
    )
    with transaction(engine) as connection:
        people = connection.execute(select(_message.recipient).where(waiting).distinct()).scalars().all()
        for person in people:
            lines = connection.execute(select(_message.id).where(waiting, _message.recipient == person)).scalars().all()
            bundle = digest_name(connection, f"{DAILY}.{today:%Y%m%d}", lines)
            connection.execute(
                update(Message).where(is_among(_message.id, lines)).values(next_try_at=now, bundle=bundle)
            )
    return len(people)
