"""Signs of gaming in a year, for the auditor alone: what single cases show, what shows only across cases, and what an
auditor has made of each.

What a sign of a single case is, and every threshold, is in `workflow/signs.py`; what cases show is kept in
`cases/sign_index.py`. Of answers it is known which are alike and not what they say; of ratings how many came from one place
and not from which. No score ever looks here.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from cases.office import OfficeContext
from cases.rating_origins import rated_from_one_place
from cases.sign_index import (
    ANSWER,
    RATING,
    Shown,
    shown_by,
    stored_answers,
    stored_ratings,
    stored_signs,
)
from cases.sign_reviews import SignKey, Verdict, verdicts
from cases.tally import moved_since
from cases.visibility import case, may_compare, visible_cases
from infra.among import is_among
from workflow.model import Actor, UnitId
from workflow.signs import (
    ALIKE_FROM_CASES,
    IDENTICAL_ANSWERS,
    ONE_ADDRESS,
    RATED_FROM_CASES,
    RATED_WITHIN,
    SIGNS,
    SINGLE_SIGNS,
    Sign,
)

A_DAY = timedelta(days=1)


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
class Group:
    """The signs of one kind: how many there are, and how many have no verdict or have grown since."""

    code: str
    count: int
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SignsPage:
    """Some of the signs of a year, in their order, and how many there are of each kind."""

    groups: tuple[Group, ...]
    found: tuple[FoundSign, ...]
    page: int
    pages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A sign before its cases have names: the case that shows it, all that make it up, and its verdict."""

    case_id: int
    sign: Sign
    parts: tuple[Shown, ...] = ()
    verdict: Verdict | None = None

    @property
    def key(self) -> SignKey:
        return SignKey(self.sign.code, self.case_id, self.sign.seq)

    @property
    def grown(self) -> bool:
        return self.verdict is not None and any(part.sign.at > self.verdict.at for part in self.parts)


def signs_of_year(
    connection: Connection, *, year: int, actor: Actor, office: OfficeContext, unit: int | None = None
) -> tuple[FoundSign, ...]:
    """What the cases that exist for the actor show, of what was done in a year of the office's zone; by kind and time.
    Of one unit, or of all. A sign stays in the list when it has its verdict.

    Raises `MayNotCompare` for everybody but auditors and the command line."""
    return _named(connection, _signs(connection, year, actor, office, unit), actor)


def page_of_signs(
    connection: Connection,
    *,
    year: int,
    actor: Actor,
    office: OfficeContext,
    unit: int | None = None,
    page: int,
    lines: int,
) -> SignsPage:
    """The same, so many lines of them. A page that there is not is the last one."""
    found = _signs(connection, year, actor, office, unit)
    pages = max(1, -(-len(found) // lines))
    page = max(1, min(page, pages))
    groups = [(code, [one for one in found if one.sign.code == code]) for code in SIGNS]
    return SignsPage(
        groups=tuple(
            Group(code=code, count=len(some), waiting=sum(one.verdict is None or one.grown for one in some))
            for code, some in groups
            if some
        ),
        found=_named(connection, found[(page - 1) * lines : page * lines], actor),
        page=page,
        pages=pages,
    )


def place_of_sign(
    connection: Connection,
    wanted: tuple[str, str, int],
    *,
    year: int,
    actor: Actor,
    office: OfficeContext,
    unit: int | None = None,
    lines: int,
) -> tuple[SignKey, int] | None:
    """The sign of that kind, case (by its public id) and event, and the page of so many lines that it stands on; None if
    there is none for the actor."""
    code, public_id, seq = wanted
    found = _signs(connection, year, actor, office, unit)
    case_id = connection.execute(visible_cases(actor, case.id).where(case.public_id == public_id)).scalar_one_or_none()
    for place, one in enumerate(found):
        if case_id is not None and one.key == SignKey(code, case_id, seq):
            return one.key, place // lines + 1
    return None


def _signs(connection: Connection, year: int, actor: Actor, office: OfficeContext, unit: int | None) -> list[_Found]:
    may_compare(actor)
    calendar = office.policy.calendar
    start, end = calendar.start_of(date(year, 1, 1)), calendar.start_of(date(year + 1, 1, 1))
    moved = moved_since(connection)
    seen = list(shown_by(connection, moved, calendar, actor=actor)) if moved else []
    fresh = [one for one in seen if start <= one.sign.at < end]
    single = [one for one in stored_signs(connection, start=start, end=end, actor=actor) if one.case_id not in moved]
    single += [one for one in fresh if one.sign.code in SINGLE_SIGNS]
    shown = [
        *(_Found(case_id=one.case_id, sign=one.sign) for one in single),
        *_identical_answers(connection, fresh, moved, start=start, end=end, actor=actor),
        *_ratings_from_one_place(connection, seen, moved, start=start, end=end, actor=actor),
    ]
    given = verdicts(connection)
    found = [
        _Found(case_id=one.case_id, sign=one.sign, parts=one.parts, verdict=given.get(one.key))
        for one in shown
        if start <= one.sign.at < end and unit in (None, one.sign.unit)
    ]
    return sorted(found, key=lambda one: (SIGNS.index(one.sign.code), one.sign.at, one.key))


# -- across cases ------------------------------------------------------------------------------------------------------


def _identical_answers(
    connection: Connection, fresh: list[Shown], moved: Collection[int], *, start: datetime, end: datetime, actor: Actor
) -> Iterator[_Found]:
    """The same answer in several matters of one unit. What the law words (the remedies in a notice) is no answer."""
    some = [one for one in fresh if one.sign.code == ANSWER and one.alike]
    stored = stored_answers(connection, {one.alike for one in some if one.alike}, start=start, end=end, actor=actor)
    some += [one for one in stored if one.case_id not in moved]
    alike: defaultdict[str | None, dict[int, Shown]] = defaultdict(dict)
    for one in sorted(some, key=lambda one: one.sign.at):
        alike[one.alike].setdefault(one.case_id, one)
    for group in alike.values():
        for mine in _by_unit(group.values()):
            if len(mine) >= ALIKE_FROM_CASES:
                yield _across(IDENTICAL_ANSWERS, mine, from_cases=ALIKE_FROM_CASES)


def _ratings_from_one_place(
    connection: Connection, seen: list[Shown], moved: Collection[int], *, start: datetime, end: datetime, actor: Actor
) -> Iterator[_Found]:
    places = rated_from_one_place(connection, actor=actor, since=start, until=end, at_least=RATED_FROM_CASES)
    wanted = {rated.case_id for place in places for rated in place}
    rated_in = stored_ratings(connection, wanted - set(moved), actor=actor) if wanted else {}
    rated_in |= {one.case_id: one for one in seen if one.sign.code == RATING}
    for place in places:
        for mine in _by_unit(part for rated in place if (part := rated_in.get(rated.case_id))):
            yield from (_across(ONE_ADDRESS, some, from_cases=RATED_FROM_CASES) for some in close_together(mine))


def close_together(parts: list[Shown]) -> Iterator[list[Shown]]:
    """Runs of enough parts within `RATED_WITHIN` of the first of them, none in two runs. `parts` are in order of time."""
    left = parts
    while len(left) >= RATED_FROM_CASES:
        run = [part for part in left if part.sign.at - left[0].sign.at <= RATED_WITHIN]
        if len(run) >= RATED_FROM_CASES:
            yield run
            left = left[len(run) :]
        else:
            left = left[1:]


def _by_unit(parts: Iterable[Shown]) -> list[list[Shown]]:
    units: defaultdict[UnitId, list[Shown]] = defaultdict(list)
    for part in sorted(parts, key=lambda part: (part.sign.at, part.case_id)):
        units[part.sign.unit].append(part)
    return list(units.values())


def _across(code: str, parts: list[Shown], *, from_cases: int) -> _Found:
    """The event that shows it is the one that made it enough; what comes later is the same sign, and has grown."""
    made, first, last = parts[from_cases - 1], parts[0].sign.at, parts[-1].sign.at
    days = max(-(-(last - first) // A_DAY), 1)  # begun days
    sign = Sign(
        code=code, seq=made.sign.seq, at=made.sign.at, unit=made.sign.unit, figures={"n": len(parts), "days": days}
    )
    return _Found(case_id=made.case_id, sign=sign, parts=tuple(parts))


# -- names -------------------------------------------------------------------------------------------------------------


def _named(connection: Connection, found: Collection[_Found], actor: Actor) -> tuple[FoundSign, ...]:
    names = _names(connection, {id_ for one in found for id_ in (one.case_id, *(p.case_id for p in one.parts))}, actor)
    return tuple(
        FoundSign(
            key=one.key,
            case=names[one.case_id],
            sign=one.sign,
            among=tuple(names[part.case_id] for part in one.parts),
            verdict=one.verdict,
            grown=one.grown,
        )
        for one in found
    )


def _names(connection: Connection, cases: Collection[int], actor: Actor) -> dict[int, NamedCase]:
    query = visible_cases(actor, case.id, case.public_id, case.series, case.year, case.serial)
    return {
        row.id: NamedCase(public_id=row.public_id, number=(row.series, row.year, row.serial))
        for row in connection.execute(query.where(is_among(case.id, cases)))
    }
