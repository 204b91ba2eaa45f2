"""Notes that somebody reads a case who neither holds it nor serves in it, before the page goes out.

Nobody waits for it: what cannot be written at this moment is kept in this process and written with the next note.
"""

from collections.abc import Sequence
from datetime import date, datetime
from threading import Lock

from sqlalchemy import Connection, Engine

from cases.reads import is_noted, note_read
from infra.db import written_at_once
from web.context import Context
from workflow.model import AccountId

_Note = tuple[int, AccountId, date, datetime]


class Notes:
    """What one program could not write yet. A note goes when it is committed, whoever else writes meanwhile."""

    def __init__(self) -> None:
        self._waiting: dict[_Note, None] = {}
        self._mutex = Lock()

    def write(self, engine: Engine, note: _Note) -> None:
        """With those that wait; or it waits with them."""
        with self._mutex:
            self._waiting[note] = None
            some = tuple(self._waiting)
        if written_at_once(engine, lambda connection: _write(connection, some)):
            with self._mutex:
                for one in some:
                    self._waiting.pop(one, None)


def read_is_owed(connection: Connection, ctx: Context, case_id: int, *, own: bool) -> bool:
    """Whether this look is to be noted."""
    return not own and ctx.person is not None and not is_noted(connection, case_id, ctx.person.id, ctx.today)


def note_this_read(ctx: Context, case_id: int) -> None:
    notes: Notes = ctx.request.app.state.read_notes
    notes.write(ctx.engine, (case_id, ctx.me.id, ctx.today, ctx.now))


def _write(connection: Connection, some: Sequence[_Note]) -> None:
    for case_id, account, day, now in some:
        note_read(connection, case_id, account, day=day, now=now)
