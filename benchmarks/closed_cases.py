"""A year of closed cases, quickly: copies of the office's one case, ended in SQL, spread over a year of closings.

Every fifth case has a light in the ledger, three of five have a rating, and each has three clocks, two parties and the
texts of the case it was copied from. What a closure report does not read is left out.
"""

from sqlalchemy import Connection, Engine, text

from benchmarks.copies import bulk, copy_rows
from benchmarks.dialects import of
from benchmarks.office import MEDIATORS_A_ROOM, ROOMS, Staff, head_of
from cases.tables import Case, Clock, Party, PersonalText
from ledger.tables import Event
from workflow.model import Kind

#: Hours over which the closings are spread, from the day on which the case was opened.
YEAR_HOURS = 365 * 24
LIT_ONE_IN, RATED_OF_FIVE = 5, 3
_CROSSED = '{"clock": 1, "rule": "MED-03", "light": "yellow", "rung": "yellow", "unit": 3, "person": 301}'


def closed_cases(engine: Engine, staff: Staff, *, count: int, first: int | None = None) -> None:
    """`count` closed cases of all rooms, under the ids from `first` on, or those after the office's own."""
    first = first or staff.case_id + 1
    with bulk(engine) as connection:
        own = of(connection)
        closed = own.hours_later.format(at="t.registered_at", hours=f"(n * 37) % {YEAR_HOURS}")
        lit = f"n % {LIT_ONE_IN} = 0"
        room = f"(n % {len(ROOMS)} + {ROOMS.start})"
        case = {
            "serial": "n", "public_id": own.random_hex, "state": "'closed'", "outcome": "'settled.written'",
            "closed_at": closed, "holder_unit": room, "holder_person": f"{head_of(1)} * {room} + n % {MEDIATORS_A_ROOM} + 1",
        }  # fmt: skip
        copy_rows(connection, Case, staff.case_id, case, first=first, count=count)
        for table in (PersonalText, Party):
            copy_rows(connection, table, staff.case_id, {}, first=first, count=count)
        _clocks(connection, staff, lit, first=first, count=count)
        crossed = {"seq": "1", "code": "'clock:crossed'", "data": f"'{_CROSSED}'", "key": "'light:' || n"}
        copy_rows(connection, Event, staff.case_id, crossed, first=first, count=count, only=f"t.seq = 1 AND {lit}")
        _ratings(connection, staff, first=first, count=count)


def _clocks(connection: Connection, staff: Staff, lit: str, *, first: int, count: int) -> None:
    """The period of the case, and twice again under other names."""
    period = connection.execute(
        text("SELECT number FROM clock WHERE case_id = :case AND kind = :kind AND name = 'period'"),
        {"case": staff.case_id, "kind": Kind.DUTY.value},
    ).scalar_one()
    for number, name in enumerate(("intake", "period", "follow_up"), start=1):
        values = {
            "number": str(number), "name": f"'{name}'", "rungs": "'[]'", "pauses": "'[]'", "stopped_at": "t.due_at",
            "crossed_until": f"CASE WHEN {lit} THEN t.due_at END", "next_crossing_at": "NULL",
        }  # fmt: skip
        only = f"t.number = {period}"
        copy_rows(connection, Clock, staff.case_id, values, first=first, count=count, only=only)


def _ratings(connection: Connection, staff: Staff, *, first: int, count: int) -> None:
    statement = (
        f"INSERT INTO rating (case_id, number, score, comment, rated_at) {of(connection).series} "
        "SELECT n, 99, 'satisfied', NULL, t.registered_at FROM series CROSS JOIN cases t "
        f"WHERE t.id = :case AND n % 5 < {RATED_OF_FIVE}"
    )
    connection.execute(text(statement), {"first": first, "last": first + count - 1, "case": staff.case_id})
