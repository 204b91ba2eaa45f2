"""What cases show of gaming, kept up beside the marks (`cases/tally.py`), so that a year's signs need not be worked out from
the whole ledger. Everything here can be thrown away and made again from it.

Beside the signs of single cases (`workflow/signs.py`) stand the parts that cases may have in a sign across cases: answers,
with a token that equal ones share, and ratings. Parts show nothing by themselves. A text that is erased is erased by an
event, upon which its case is indexed anew, without the token.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, delete, func, insert, select

from cases.assessment_tables import Sign as SignRow
from cases.history import histories
from cases.tables import Case
from cases.visibility import case, likeness_of_replies, visible_cases
from infra.among import is_among
from workflow.calendar import WorkCalendar
from workflow.history import History
from workflow.model import Actor, UnitId
from workflow.procedures import PROCEDURES
from workflow.signs import ALIKE_FROM_CASES, ALIKE_FROM_CHARACTERS, SINGLE_SIGNS, Sign, signs

#: The parts.
ANSWER, RATING = "answer", "rating"
TOKENS_AT_ONCE = 500

_sign = SignRow.__table__.c  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A sign of a case, or its part in one. `alike`: what equal answers share."""

    case_id: int
    sign: Sign
    alike: str | None = None


def index_signs(connection: Connection, cases: Iterable[int], found: Iterable[History], calendar: WorkCalendar) -> None:
    """Replaces what stands of these cases by what their histories show."""
    wanted = list(cases)
    connection.execute(delete(SignRow).where(is_among(_sign.case_id, wanted)))
    rows = [
        sign_row(position, one)
        for shown in shown_by_each(connection, found, calendar)
        for position, one in enumerate(shown, start=1)
    ]
    if rows:
        connection.execute(insert(SignRow), rows)


def forget_signs(connection: Connection) -> None:
    connection.execute(delete(SignRow))


def shown_by(connection: Connection, cases: Iterable[int], calendar: WorkCalendar, *, actor: Actor) -> Iterator[Shown]:
    """What cases show that exist for the actor, worked out now."""
    for shown in shown_by_each(connection, list(histories(connection, actor=actor, cases=cases)), calendar):
        yield from shown


def stored_signs(connection: Connection, *, start: datetime, end: datetime, actor: Actor) -> Iterator[Shown]:
    """The signs of single cases, of events from `start` until `end`, as they stand in the index."""
    query = _stored(actor, start, end).where(_sign.code.in_(SINGLE_SIGNS))
    return (_shown(row) for row in connection.execute(query))


def stored_answers(
    connection: Connection, alike: Collection[str], *, start: datetime, end: datetime, actor: Actor
) -> Iterator[Shown]:
    """Answers of these tokens, and those that enough cases have alike."""
    given = _sign.code == ANSWER, _sign.at >= start, _sign.at < end, _sign.alike.is_not(None)
    often = select(_sign.alike).where(*given).group_by(_sign.alike)
    often = often.having(func.count(_sign.case_id.distinct()) >= ALIKE_FROM_CASES)
    tokens = sorted({*alike, *connection.execute(often).scalars()})
    for at in range(0, len(tokens), TOKENS_AT_ONCE):
        some = tokens[at : at + TOKENS_AT_ONCE]
        query = _stored(actor, start, end).where(_sign.code == ANSWER, _sign.alike.in_(some))
        yield from (_shown(row) for row in connection.execute(query))


def stored_ratings(connection: Connection, cases: Iterable[int], *, actor: Actor) -> dict[int, Shown]:
    query = visible_cases(actor, *_sign).join_from(Case, SignRow, _sign.case_id == case.id)
    query = query.where(_sign.code == RATING, is_among(_sign.case_id, cases))
    return {row.case_id: _shown(row) for row in connection.execute(query)}


def _stored(actor: Actor, start: datetime, end: datetime) -> Select[Any]:
    query = visible_cases(actor, *_sign).join_from(Case, SignRow, _sign.case_id == case.id)
    return query.where(_sign.at >= start, _sign.at < end)


def shown_by_each(connection: Connection, found: Iterable[History], calendar: WorkCalendar) -> Iterator[list[Shown]]:
    """What each of these histories shows, in order."""
    known = list(found)
    answered = {int(one.case_id) for one in known if answers(one)}
    alike = likeness_of_replies(connection, answered, from_characters=ALIKE_FROM_CHARACTERS) if answered else {}
    for history in known:
        yield list(shown_by_one(history, calendar, alike))


def shown_by_one(history: History, calendar: WorkCalendar, alike: Mapping[tuple[int, int], str]) -> Iterator[Shown]:
    """What one shows, in order; `alike` are the tokens of its answers, by case and number of the text."""
    case_id = int(history.case_id)
    for sign in signs(history, calendar):
        yield Shown(case_id=case_id, sign=sign)
    for step, number in answers(history):
        unit = history.holder(before=step.at).unit
        part = Sign(code=ANSWER, seq=step.seq, at=step.at, unit=unit, figures={})
        yield Shown(case_id=case_id, sign=part, alike=alike.get((case_id, number)))
    for rating in history.ratings[:1]:
        unit, seq = history.holder_at(rating.rated_at).unit, history.written[rating.number]
        yield Shown(case_id=case_id, sign=Sign(code=RATING, seq=seq, at=rating.rated_at, unit=unit, figures={}))


def answers(history: History) -> list[tuple[Any, int]]:
    """The steps that answered, each with the number of its text."""
    likened = PROCEDURES[history.procedure].likened
    return [(step, int(number)) for step in history.steps if step.command in likened for number in step.texts]


def sign_row(position: int, one: Shown) -> dict[str, Any]:
    sign = one.sign
    return {
        "case_id": one.case_id, "position": position, "code": sign.code, "at": sign.at, "unit": sign.unit,
        "seq": sign.seq, "figures": json.dumps(dict(sign.figures), sort_keys=True), "alike": one.alike,
    }  # fmt: skip


def _shown(row: Any) -> Shown:
    sign = Sign(code=row.code, seq=row.seq, at=row.at, unit=UnitId(row.unit), figures=json.loads(row.figures))
    return Shown(case_id=row.case_id, sign=sign, alike=row.alike)
