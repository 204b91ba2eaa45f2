"""The one statement behind a closure report: what is known of each closed case, read row by row in the order of closing.

Of the choice only what was asked for is selected, and each part is a question about one case that an index answers, so
that the first row comes at once and nothing grows with the number of rows: not on the server either, where the cases are
walked along the index of closings. The driver holds `ROWS_A_FETCH` rows (PostgreSQL: a server-side cursor).

Instants arrive as texts in UTC, `2026-03-11 15:00:00.000000`, on both databases: a report writes far more of them than
it works with, and a text costs a tenth of a `datetime`. Of several clocks or lights of a case the parts are
joined by `NEXT` and their fields by `PART`, two characters that stand in no code.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, String, Text, and_, cast, func, null, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

from cases.assessment_tables import Mark
from cases.tables import Clock, Party, PersonalText, Rating
from cases.visibility import case, masked_texts, unmasked_texts, visible_cases
from infra.among import is_among
from infra.db import streaming
from people.tables import UnitAbove
from workflow.model import Actor, Kind, Side, TextKind, UnitId

ROWS_A_FETCH = 1000
NEXT, PART = "\x1e", "\x1f"
BETWEEN_NAMES = "、"
#: What became of a closing later: nothing, as long as its case is closed.
LATER = ("reopened_at", "later")
#: The measures that say what lit: before waivers and after.
LIT = ("lit", "light")

_above = UnitAbove.__table__.c  # type: ignore[attr-defined]
_clock = Clock.__table__.c  # type: ignore[attr-defined]
_mark = Mark.__table__.c  # type: ignore[attr-defined]
_party = Party.__table__.c  # type: ignore[attr-defined]
_text = PersonalText.__table__.c  # type: ignore[attr-defined]
_rating = Rating.__table__.c  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which closed cases: closed from `since` (in) to `until` (out), held then by a unit or one below it, of a procedure
    and a profile. None is all of them."""

    since: datetime
    until: datetime
    unit: UnitId | None = None
    procedure: str | None = None
    profile: str | None = None


class as_utc_text(GenericFunction[str]):  # noqa: N801 (used as a function)
    """An instant of the record as SQLite keeps it."""

    type = Text()
    inherit_cache = True


@compiles(as_utc_text)
def _on_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    return f"to_char(timezone('UTC', {compiler.process(element.clauses, **options)}), 'YYYY-MM-DD HH24:MI:SS.US')"


@compiles(as_utc_text, "sqlite")
def _on_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    return str(compiler.process(element.clauses, **options))


def closed_cases(actor: Actor, choice: Choice, *columns: Any) -> Select[Any]:
    """A select of the closed cases of the choice that exist for this actor."""
    query = visible_cases(actor, *columns).where(case.closed_at >= choice.since, case.closed_at < choice.until)
    if choice.unit is not None:
        below = select(_above.unit).where(_above.above == choice.unit)
        query = query.where(case.holder_unit.in_(below))
    if choice.procedure is not None:
        query = query.where(case.procedure == choice.procedure)
    return query if choice.profile is None else query.where(case.profile == choice.profile)


def count_closed_now(connection: Connection, actor: Actor, choice: Choice) -> int:
    """How many of them are closed as the record stands; those that were opened again: `again.py`."""
    return int(connection.execute(closed_cases(actor, choice, func.count())).scalar_one())


def statement(actor: Actor, choice: Choice, parts: Sequence[str], *, masked: bool) -> Select[Any]:
    """The whole report as one select, its columns labelled by `parts`. Raises `KeyError` for an unknown part, and
    `MayNotUnmask` if this actor never reads names."""
    known = _parts(actor, masked=masked)
    columns = (known[part].label(part) for part in parts)
    return closed_cases(actor, choice, *columns).order_by(case.closed_at, case.id)


def statement_of(actor: Actor, cases: Collection[int], parts: Sequence[str], *, masked: bool) -> Select[Any]:
    """The same of some cases, whether they are closed or not, with `id` first."""
    known = _parts(actor, masked=masked)
    columns = (known[part].label(part) for part in parts)
    return visible_cases(actor, case.id.label("case_id"), *columns).where(is_among(case.id, cases))


def pages(connection: Connection, query: Select[Any]) -> Iterator[Sequence[Row[Any]]]:
    """The rows, some at a time; none is kept once the next ones are asked for."""
    options = {"yield_per": ROWS_A_FETCH, "stream_results": True}
    with streaming(connection, query.execution_options(**options)) as found:
        yield from found.partitions()


def _parts(actor: Actor, *, masked: bool) -> Mapping[str, ColumnElement[Any]]:
    plain = ("id", "procedure", "profile", "series", "year", "serial", "channel", "dispute_type", "holder_unit", "holder_person", "outcome")  # fmt: skip
    instants = ("received_at", "registered_at", "closed_at")
    titles, names = (
        masked_texts(kind) if masked else unmasked_texts(kind, actor=actor)
        for kind in (TextKind.TITLE, TextKind.PARTY_NAME)
    )
    return {
        **{name: case[name] for name in plain},
        **{name: as_utc_text(case[name]) for name in instants},
        "clocks": _clocks(case.id),
        "marks": _lights(case.id),
        "rating": _last_rating(case.id),
        "title": titles.order_by(_text.number.desc()).limit(1).scalar_subquery(),
        **{side.value: _named(names, side) for side in Side},
        **{name: cast(null(), Text) for name in LATER},
    }


def _clocks(here: ColumnElement[Any]) -> ColumnElement[Any]:
    """The duty clocks of the case that have stopped, which the end of a case makes all of them be."""
    fields = cast(_clock.number, String), _clock.name, _clock.rule, as_utc_text(_clock.due_at), as_utc_text(_clock.stopped_at)  # fmt: skip
    duty = _clock.kind == Kind.DUTY.value, _clock.stopped_at.is_not(None)
    return _joined(_record(*fields), _clock.case_id == here, *duty)


def _lights(here: ColumnElement[Any]) -> ColumnElement[Any]:
    """The lights that a case has left behind, before and after waivers, as `cases/tally.py` keeps them."""
    fields = _mark.measure, _mark.outcome, func.coalesce(_mark.ground, "")
    return _joined(_record(*fields), _mark.case_id == here, _mark.measure.in_(LIT))


def _last_rating(here: ColumnElement[Any]) -> ColumnElement[Any]:
    rated = select(_rating.score).where(_rating.case_id == here)
    return rated.order_by(_rating.number.desc()).limit(1).scalar_subquery()


def _named(names: Select[Any], side: Side) -> ColumnElement[Any]:
    """The names of one side, in the order in which they were entered."""
    named = (
        names.join(Party, and_(_party.case_id == _text.case_id, _party.name == _text.number))
        .where(_party.side == side.value)
        .order_by(_party.number)
        .subquery()
    )
    return select(func.aggregate_strings(named.c.content, BETWEEN_NAMES)).scalar_subquery()


def _joined(what: Any, *conditions: ColumnElement[bool]) -> ColumnElement[Any]:
    return select(func.aggregate_strings(what, NEXT)).where(*conditions).scalar_subquery()


def _record(first: Any, *others: Any) -> Any:
    return reduce(lambda text, field: text.concat(PART).concat(field), others, first)
