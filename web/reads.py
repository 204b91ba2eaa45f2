"""Notes that somebody reads a case who neither holds it nor serves in it, before the page goes out.

Nobody waits for it: what cannot be written at this moment is kept in this process and written with the next note.
"""

from collections import deque
from datetime import date, datetime

from sqlalchemy import Connection

from cases.reads import is_noted, note_read
from infra.db import written_at_once
from web.context import Context
from workflow.model import AccountId

_Note = tuple[int, AccountId, date, datetime]
#: What could not be written yet: in a stall, not more than anybody could read meanwhile.
_waiting: deque[_Note] = deque(maxlen=10_000)


def read_is_owed(connection: Connection, ctx: Context, case_id: int, *, own: bool) -> bool:
    """Whether this look is to be noted."""
    return not own and ctx.person is not None and not is_noted(connection, case_id, ctx.person.id, ctx.today)


def note_this_read(ctx: Context, case_id: int) -> None:
    assert ctx.person is not None, "somebody reads"
    _waiting.append((case_id, ctx.person.id, ctx.today, ctx.now))
    written_at_once(ctx.engine, _write)


def _write(connection: Connection) -> None:
    written = list(_waiting)
    for case_id, account, day, now in written:
        note_read(connection, case_id, account, day=day, now=now)
    for _ in written:
        _waiting.popleft()
