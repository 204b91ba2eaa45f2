"""Signs of gaming in a year, for the auditor alone: what single cases show, what shows only across cases, and what an
auditor has made of each.

What a sign of a single case is, and every threshold, is in `workflow/signs.py`. Of answers it is known which are alike and
not what they say; of ratings how many came from one place and not from which. No score ever looks here.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, exists, or_

from cases.history import histories
from cases.office import OfficeContext
from cases.rating_origins import rated_from_one_place
from cases.sign_reviews import SignKey, Verdict, verdicts
from cases.tables import Case, Clock, Custody
from cases.visibility import case, likeness_of_replies, visible_cases
from infra.among import is_among
from workflow.history import History
from workflow.model import Actor, State, UnitId
from workflow.signs import (
    ALIKE_FROM_CASES,
    ALIKE_FROM_CHARACTERS,
    IDENTICAL_ANSWERS,
    LAST_PART,
    ONE_ADDRESS,
    RATED_FROM_CASES,
    RATED_WITHIN,
    SHORTEST_STEADY,
    SIGNS,
    Sign,
    signs,
)

_clock = Clock.__table__.c  # type: ignore[attr-defined]
_custody = Custody.__table__.c  # type: ignore[attr-defined]
#: Histories are read so many at a time: as many ids as every database takes in one statement.
CHUNK = 500
REPLIED_BY = "Reply"
#: Two working days later is at least this much later.
A_DAY = timedelta(days=1)
#: No transfer comes into the last part of the shortest limit sooner after the receipt.
SOONEST = SHORTEST_STEADY - SHORTEST_STEADY / LAST_PART


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedCase:
    public_id: str
    number: tuple[str, int, int]  #: series, year, serial


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSign:
    """A sign, the case whose event shows it, all cases that make it up if it shows across cases, and its verdict."""

    key: SignKey
    case: NamedCase
    sign: Sign
    among: tuple[NamedCase, ...]
    verdict: Verdict | None
    grown: bool  #: more cases have come to it since the verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """One case's part in a sign that shows across cases."""

    at: datetime
    case_id: int
    seq: int
    unit: UnitId


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """A sign before its cases have names."""

    case_id: int
    sign: Sign
    parts: tuple[_Part, ...] = ()


def signs_of_year(
    connection: Connection, *, year: int, actor: Actor, office: OfficeContext, unit: int | None = None
) -> tuple[FoundSign, ...]:
    """What the cases that exist for the actor show, of what was done in a year of the office's zone; by kind and time.
    Of one unit, or of all. A sign stays in the list when it has its verdict.

    Raises `MayNotCompare` for everybody but auditors and the command line."""
    calendar = office.policy.calendar
    start, end = calendar.start_of(date(year, 1, 1)), calendar.start_of(date(year + 1, 1, 1))
    shown = [
        one
        for one in (
            *_of_single_cases(connection, office, start=start, end=end, actor=actor),
            *_identical_answers(connection, start=start, end=end, actor=actor),
            *_ratings_from_one_place(connection, start=start, end=end, actor=actor),
        )
        if start <= one.sign.at < end and unit in (None, one.sign.unit)
    ]
    names = _names(connection, {id_ for one in shown for id_ in _cases_of(one)}, actor)
    given = verdicts(connection)
    found = [_found(one, names, given) for one in shown]
    return tuple(sorted(found, key=lambda one: (SIGNS.index(one.sign.code), one.sign.at, one.key)))


# -- single cases ------------------------------------------------------------------------------------------------------


def _of_single_cases(
    connection: Connection, office: OfficeContext, *, start: datetime, end: datetime, actor: Actor
) -> Iterator[_Shown]:
    candidates = _candidates(connection, _alive(start, end), actor)
    for history in _histories(connection, candidates, actor):
        for sign in signs(history, office.policy.calendar):
            yield _Shown(case_id=history.case_id, sign=sign)


def _alive(start: datetime, end: datetime) -> tuple[ColumnElement[bool], ...]:
    """The condition on a case that something of it can have happened within these instants."""
    return case.registered_at < end, or_(case.closed_at.is_(None), case.closed_at >= start)


def _candidates(connection: Connection, alive: tuple[ColumnElement[bool], ...], actor: Actor) -> set[int]:
    """Cases that may show something. The rows of the present only say where to look; what is found, the events say."""
    bent = exists().where(_clock.case_id == case.id, or_(_clock.pauses != "[]", _clock.extends.is_not(None)))
    lit = exists().where(_clock.case_id == case.id, _clock.crossed_until.is_not(None))
    found_not_ours = and_(case.state == State.NOT_ACCEPTED.value, lit)
    found = set(connection.execute(visible_cases(actor, case.id).where(*alive, or_(bent, found_not_ours))).scalars())
    waited = visible_cases(actor, case.id, case.received_at, case.registered_at.label("at")).where(
        *alive, case.registered_at > case.received_at
    )
    passed_on = (
        visible_cases(actor, case.id, case.received_at, _custody.from_at.label("at"))
        .join_from(Case, Custody, _custody.case_id == case.id)
        .where(*alive, _custody.from_at > case.received_at)
    )
    for query, longer_than in ((waited, A_DAY), (passed_on, SOONEST)):
        found |= {row.id for row in connection.execute(query) if row.at - row.received_at >= longer_than}
    return found


def _histories(connection: Connection, cases: Collection[int], actor: Actor) -> Iterator[History]:
    for some in _some_at_a_time(cases):
        yield from histories(connection, actor=actor, cases=some)


def _some_at_a_time(cases: Collection[int]) -> Iterator[list[int]]:
    wanted = sorted(cases)
    return (wanted[begin : begin + CHUNK] for begin in range(0, len(wanted), CHUNK))


# -- across cases ------------------------------------------------------------------------------------------------------


def _identical_answers(connection: Connection, *, start: datetime, end: datetime, actor: Actor) -> Iterator[_Shown]:
    """The same answer in several matters of one unit. What the law words (the remedies in a notice) is no answer."""
    alike: defaultdict[bytes, dict[int, int]] = defaultdict(dict)
    texts = likeness_of_replies(connection, *_alive(start, end), actor=actor, from_characters=ALIKE_FROM_CHARACTERS)
    for case_id, number, token in texts:
        alike[token].setdefault(case_id, number)
    groups = [texts for texts in alike.values() if len(texts) >= ALIKE_FROM_CASES]
    wanted = {case_id for texts in groups for case_id in texts}
    given: dict[int, dict[int, _Part]] = {
        history.case_id: _answers(history) for history in _histories(connection, wanted, actor)
    }
    for group in groups:
        parts = (part for case_id, number in group.items() if (part := given[case_id].get(number)))
        for mine in _by_unit(part for part in parts if start <= part.at < end):
            if len(mine) >= ALIKE_FROM_CASES:
                yield _across(IDENTICAL_ANSWERS, mine, from_cases=ALIKE_FROM_CASES)


def _answers(history: History) -> dict[int, _Part]:
    """The answers of a case, by the number of their text."""
    return {
        number: _Part(at=step.at, case_id=history.case_id, seq=step.seq, unit=history.holder(before=step.at).unit)
        for step in history.steps
        if step.command == REPLIED_BY
        for number in step.texts
    }


def _ratings_from_one_place(
    connection: Connection, *, start: datetime, end: datetime, actor: Actor
) -> Iterator[_Shown]:
    places = rated_from_one_place(connection, actor=actor, since=start, until=end, at_least=RATED_FROM_CASES)
    wanted = {rated.case_id for place in places for rated in place}
    rated_in: dict[int, _Part | None] = {
        history.case_id: _rating(history) for history in _histories(connection, wanted, actor)
    }
    for place in places:
        for mine in _by_unit(part for rated in place if (part := rated_in[rated.case_id])):
            yield from (_across(ONE_ADDRESS, some, from_cases=RATED_FROM_CASES) for some in close_together(mine))


def _rating(history: History) -> _Part | None:
    for rating in history.ratings:
        unit, seq = history.holder_at(rating.rated_at).unit, history.written[rating.number]
        return _Part(at=rating.rated_at, case_id=history.case_id, seq=seq, unit=unit)
    return None


def close_together(parts: list[_Part]) -> Iterator[list[_Part]]:
    """Runs of enough parts within `RATED_WITHIN` of the first of them, none in two runs. `parts` are in order of time."""
    left = parts
    while len(left) >= RATED_FROM_CASES:
        run = [part for part in left if part.at - left[0].at <= RATED_WITHIN]
        if len(run) >= RATED_FROM_CASES:
            yield run
            left = left[len(run) :]
        else:
            left = left[1:]


def _by_unit(parts: Iterable[_Part]) -> list[list[_Part]]:
    units: defaultdict[UnitId, list[_Part]] = defaultdict(list)
    for part in sorted(parts, key=lambda part: (part.at, part.case_id)):
        units[part.unit].append(part)
    return list(units.values())


def _across(code: str, parts: list[_Part], *, from_cases: int) -> _Shown:
    """The event that shows it is the one that made it enough; what comes later is the same sign, and has grown."""
    made = parts[from_cases - 1]
    days = max(-(-(parts[-1].at - parts[0].at) // A_DAY), 1)  # begun days
    sign = Sign(code=code, seq=made.seq, at=made.at, unit=made.unit, figures={"n": len(parts), "days": days})
    return _Shown(case_id=made.case_id, sign=sign, parts=tuple(parts))


# -- names and verdicts ------------------------------------------------------------------------------------------------


def _cases_of(one: _Shown) -> set[int]:
    return {one.case_id, *(part.case_id for part in one.parts)}


def _names(connection: Connection, cases: Collection[int], actor: Actor) -> dict[int, NamedCase]:
    query = visible_cases(actor, case.id, case.public_id, case.series, case.year, case.serial)
    return {
        row.id: NamedCase(public_id=row.public_id, number=(row.series, row.year, row.serial))
        for some in _some_at_a_time(cases)
        for row in connection.execute(query.where(is_among(case.id, some)))
    }


def _found(one: _Shown, names: dict[int, NamedCase], given: dict[SignKey, Verdict]) -> FoundSign:
    key = SignKey(one.sign.code, one.case_id, one.sign.seq)
    verdict = given.get(key)
    return FoundSign(
        key=key,
        case=names[one.case_id],
        sign=one.sign,
        among=tuple(names[part.case_id] for part in one.parts),
        verdict=verdict,
        grown=verdict is not None and any(part.at > verdict.at for part in one.parts),
    )
