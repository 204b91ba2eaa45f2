"""The closure report: one row for each closing of a case that the actor may see, with its time limits, lights and points.

`read` gives the rows in pieces, `Written` turns them into what a file format holds; files are written by `exports.py`,
the columns are in `columns.py`, the statement in `query.py`. No texts of a case but its title and the
names of its parties, and those masked unless the report says otherwise.

What a reader of the report must know:

- *Days and instants* are those of the office's zone. A unit and a handler are those who held the case when it was closed.
- *Clocks.* Each named clock has three columns: its rule, its last day in time, when it stopped. If a clock was extended,
  the last length counts; if it was started again (a signing after a reassignment), the last start counts.
- *Days in hand.* Whole calendar days from the local day on which the deciding clock (`decision`, `order` or `period`)
  stopped to its last day in time: 0 is the last day itself, negative is over. Calendar days also where the rule counts
  working days, so that rows can be compared. A refusal stops the deciding clock too, if it ran.
- *Opened again.* A closing after which the case was opened again stays in its month, with the day of the reopening; within
  thirty days of the answer it was none, and has a row only if it was handed out before (`again.py`).
- *Lights and points* are those of the assessment (`workflow/marks.py`), whichever year they lit in, under the scheme
  that the office scores by; without one there are no points. A waived light costs nothing and has a column of its own.
"""

from bisect import bisect
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection

from cases.office import OfficeContext
from cases.tally import fresh_marks, moved_since
from people.directory import names_of_accounts, names_of_units
from reports.closures.again import Again, closed_again
from reports.closures.columns import COLUMNS, Chunk, Column, Names, Shape, columns_of, parts_of
from reports.closures.earlier import CHUNK
from reports.closures.masking import masked as mask
from reports.closures.query import Choice, count_closed_now, pages, statement, statement_of
from reports.files.local_times import LocalTimes
from reports.files.sheets import Cell, harmless, no_formula
from workflow.marks import Mark
from workflow.model import Actor
from workflow.policy import Scheme

Say = Callable[[str], str]  #: a translator of one language (`infra.i18n.translator`)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Which cases, which columns (codes of `COLUMNS`), and whether names are masked."""

    choice: Choice
    columns: Sequence[str] = tuple(COLUMNS)
    masked: bool = True


def read(connection: Connection, report: Report, *, actor: Actor, office: OfficeContext) -> Iterator[Chunk]:
    """The rows by the instant of closing, a thousand at a time and never more in memory. Raises `KeyError` for an unknown
    column, `MayNotUnmask` for an actor who never reads names."""
    names = _Names(connection, office, masked=report.masked)
    parts = parts_of(columns_of(report.columns))
    again = closed_again(connection, report.choice, actor=actor, office=office)
    if again.rows:
        parts = tuple(dict.fromkeys((*parts, "closed_at", "id")))
    query = statement(actor, report.choice, parts, masked=report.masked)
    moved = moved_since(connection) if "marks" in parts else set[int]()
    made = _Maker(names, LocalTimes(office.policy.calendar.zone), office.policy.schemes.get(office.own_scheme))
    before = deque(_ago(connection, again, parts, report, actor=actor, made=made))
    for page in pages(connection, query):
        for rows in _apart(page, before):
            if isinstance(rows, Chunk):
                yield rows
                continue
            found = dict(zip(parts, zip(*rows, strict=True), strict=True))
            here = moved.intersection(found["id"]) if moved else ()
            fresh = fresh_marks(connection, office.policy.calendar, here) if here else {}
            if again.left and "marks" in parts:
                fresh |= {case_id: again.left[case_id] for case_id in found["id"] if case_id in again.left}
            yield made(found, fresh=fresh)
    yield from (chunk for _, chunk in before)


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes the chunks of a report; the names that they need are looked up first."""

    names: "_Names"
    times: LocalTimes
    scheme: Scheme | None

    def __call__(
        self, found: Mapping[str, Sequence[Any]], *, fresh: Mapping[int, Sequence[Mark]], withdrawn: bool = False
    ) -> Chunk:
        self.names.look_up(found.get("holder_person", ()))
        return Chunk(
            found, names=self.names.known, times=self.times, scheme=self.scheme, fresh=fresh, withdrawn=withdrawn
        )


#: A row that stands apart, and where it belongs.
Placed = tuple[tuple[str, int], Chunk]


def _ago(
    connection: Connection, again: Again, parts: Sequence[str], report: Report, *, actor: Actor, made: _Maker
) -> Iterator[Placed]:
    """The rows of closings after which the case was opened again, each a chunk of its own: of one case there may be two."""
    for first in range(0, len(again.rows), CHUNK):
        rows = again.rows[first : first + CHUNK]
        query = statement_of(actor, {row.case_id for row in rows}, parts, masked=report.masked)
        known = {row.case_id: row for row in connection.execute(query)}
        for row in rows:
            values = {**known[row.case_id]._mapping, **row.parts}
            found = {part: [values[part]] for part in parts}
            yield row.place, made(found, fresh={row.case_id: row.marks}, withdrawn=not row.closing.stands)


def _apart(page: Sequence[Any], before: deque[Placed]) -> Iterator[Sequence[Any] | Chunk]:
    """The rows of a page, with those that stand apart where they belong."""
    if not before:
        yield page
        return
    places = [(row.closed_at, row.id) for row in page]
    begin = 0
    while before and before[0][0] < places[-1]:
        end = bisect(places, before[0][0])
        if end > begin:
            yield page[begin:end]
        yield before.popleft()[1]
        begin = end
    yield page[begin:]


def count_closings(connection: Connection, choice: Choice, *, actor: Actor, office: OfficeContext) -> int:
    """How many rows the report has."""
    again = closed_again(connection, choice, actor=actor, office=office)
    return count_closed_now(connection, actor, choice) + len(again.rows)


class _Names:
    """Names by number: those of units at once, an office has few; those of handlers when they are first met."""

    def __init__(self, connection: Connection, office: OfficeContext, *, masked: bool) -> None:
        self._connection, self._masked = connection, masked
        self._handlers: dict[int, str] = {}
        self.known = Names(office=office.short_name, units=names_of_units(connection), handlers=self._handlers)

    def look_up(self, handlers: Sequence[int | None]) -> None:
        if new := set(handlers) - {None, *self._handlers}:
            for number, name in names_of_accounts(self._connection, new).items():
                self._handlers[number] = mask(name) if self._masked else name


class _Said(dict[str | None, str | None]):
    """The words of codes in one language, each looked up once."""

    def __init__(self, say: Say, prefix: str, *, guarded: bool) -> None:
        super().__init__({None: None})
        self._say, self._prefix, self._guarded = say, prefix, guarded

    def __missing__(self, code: str | None) -> str:
        said = self._say(f"{self._prefix}.{code}")
        self[code] = harmless(said) if self._guarded else said
        return str(self[code])


class _Guarded(dict[str | None, str | None]):
    """Labels as CSV may hold them, each looked at once by the guard."""

    def __init__(self, guard: Say) -> None:
        super().__init__({None: None})
        self._guard = guard

    def __missing__(self, label: str | None) -> str:
        self[label] = found = self._guard(label or "")
        return found


class Written:
    """The rows of a report as a file holds them, in one language: as texts, as cells, as objects."""

    def __init__(self, columns: Sequence[str], say: Say) -> None:
        self.columns = columns_of(columns)
        self._say = say
        self._guarded = self._words(guarded=True)
        self._bare = self._words(guarded=False)
        self._labels, self._own = _Guarded(harmless), _Guarded(no_formula)

    def _words(self, *, guarded: bool) -> Mapping[str, _Said]:
        return {c.code: _Said(self._say, c.words, guarded=guarded) for c in self.columns if c.shape is Shape.CODE}

    @property
    def header(self) -> tuple[str, ...]:
        return tuple(" · ".join(self._say(code) for code in column.heading) for column in self.columns)

    def texts(self, chunk: Chunk) -> Iterator[tuple[Any, ...]]:
        """For CSV: local time to the minute, and no text that a spreadsheet takes for anything else."""
        return zip(*(self._texts(column, chunk) for column in self.columns), strict=True)

    def cells(self, chunk: Chunk) -> Iterator[tuple[Cell, ...]]:
        """For a sheet, which knows days, instants and numbers."""
        return zip(*(self._cells(column, chunk) for column in self.columns), strict=True)

    def objects(self, chunk: Chunk) -> Iterator[dict[str, Any]]:
        """For JSON: codes with their words, instants with their offset."""
        codes = [column.code for column in self.columns]
        for row in zip(*(self._values(column, chunk) for column in self.columns), strict=True):
            yield dict(zip(codes, row, strict=True))

    def _texts(self, column: Column, chunk: Chunk) -> Sequence[Any]:
        values = column.values(chunk)
        match column.shape:
            case Shape.TEXT:
                return [one and harmless(one) for one in values]
            case Shape.LABEL:
                return list(map(self._labels.__getitem__, values))
            case Shape.OWN:
                return list(map(self._own.__getitem__, values))
            case Shape.CODE:
                return list(map(self._guarded[column.code].__getitem__, values))
            case Shape.INSTANT:
                return chunk.times.minutes(values)
            case Shape.DAY | Shape.FIGURE:
                return values

    def _cells(self, column: Column, chunk: Chunk) -> Sequence[Cell]:
        values = column.values(chunk)
        match column.shape:
            case Shape.CODE:
                return list(map(self._bare[column.code].__getitem__, values))
            case Shape.INSTANT:
                instant = chunk.times.instant
                return [one and instant(one) for one in values]
            case Shape.DAY:
                return [one and date.fromisoformat(one) for one in values]
            case Shape.TEXT | Shape.LABEL | Shape.OWN | Shape.FIGURE:
                return values

    def _values(self, column: Column, chunk: Chunk) -> Sequence[Any]:
        values = column.values(chunk)
        match column.shape:
            case Shape.CODE:
                words = self._bare[column.code]
                return [one and {"code": one, "words": words[one]} for one in values]
            case Shape.INSTANT:
                instant = chunk.times.instant
                return [one and instant(one).isoformat() for one in values]
            case Shape.FIGURE:
                return [one if one is None or isinstance(one, int) else float(one) for one in values]
            case Shape.TEXT | Shape.LABEL | Shape.OWN | Shape.DAY:
                return values
