"""A year of closed cases as the assessment sees it: their marks, written in SQL, and the tallies of these marks.

Each case was accepted, closed and rated; one in twenty lit, and of these lights one in ten was waived. The cases belong to 200 units in turn, and in each unit to
ten people in turn, so that the marks of a unit are scattered over the whole table, as in life.
"""

from sqlalchemy import Engine, text

from benchmarks.copies import bulk, copy_rows
from benchmarks.dialects import of
from benchmarks.office import Staff
from ledger.tables import StreamHead

UNITS, PEOPLE_A_UNIT, LIT_ONE_IN, WAIVED_ONE_IN = 200, 10, 20, 10
#: Measure, the usual outcome, the other one, that of how many in a hundred, and of which cases the mark is.
MARKS = (
    ("accepted", "in_time", "late", 5, 1),
    ("closed", "in_time", "late", 8, 1),
    ("rated", "satisfied", "dissatisfied", 10, 1),
    ("lit", "yellow", "red", 30, LIT_ONE_IN),
    ("light", "yellow", "red", 30, LIT_ONE_IN),
)

_MARKS = """
    INSERT INTO mark (case_id, position, year, unit, person, measure, outcome, at, seq, clock, rule) {series},
        kind(position, measure, usual, other, others, one_in) AS (VALUES {kinds})
    SELECT n, position, :year, {unit}, 100 * {unit} + n / {units} % {people}, measure,
        CASE WHEN (n / 7 + one_in * 13 + others) % 100 < others THEN other ELSE usual END, t.recorded_at, position, 1, 'MED-03'
    FROM series CROSS JOIN kind CROSS JOIN event t
    WHERE t.stream = :case_id AND t.seq = 1 AND {dice} % one_in = 0 AND (measure <> 'light' OR {dice} % {waived} > 0)"""
_TALLIES = """
    INSERT INTO tally (year, unit, person, measure, outcome, n)
    SELECT year, unit, COALESCE(person, 0), measure, outcome, COUNT(*) FROM mark GROUP BY 1, 2, 3, 4, 5"""
_TALLIES_OF_UNITS = """
    INSERT INTO tally (year, unit, person, measure, outcome, n)
    SELECT year, unit, -1, measure, outcome, SUM(n) FROM tally GROUP BY 1, 2, 4, 5"""


def marked_year(engine: Engine, staff: Staff, *, year: int, count: int) -> None:
    """`count` closed cases of that year under the ids after the office's own: their marks, their tallies and their heads."""
    first = staff.case_id + 1
    with bulk(engine) as connection:
        kinds = (str((position, *mark)) for position, mark in enumerate(MARKS, start=1))
        marks = _MARKS.format(
            series=of(connection).series, kinds=", ".join(kinds), unit=f"(n % {UNITS} + 1)", units=UNITS,
            people=PEOPLE_A_UNIT, dice=f"(n + n / {UNITS * PEOPLE_A_UNIT})", waived=LIT_ONE_IN * WAIVED_ONE_IN,
        )  # fmt: skip
        span = {"first": first, "last": first + count - 1}
        connection.execute(text(marks), {**span, "year": year, "case_id": staff.case_id})
        connection.execute(text(_TALLIES))
        connection.execute(text(_TALLIES_OF_UNITS))
        copy_rows(connection, StreamHead, staff.case_id, {"tallied": "t.seq"}, first=first, count=count)
