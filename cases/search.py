"""Finding cases: by words, by a number, and by what lists are filtered by, all at once, fifty at a time.

Every list here begins with what the actor may see (`visibility.py`), and every word is looked for in the texts that they may read. No
page reads more than so many texts of a word and so many cases, however common the word is and however many cases there are: where that
was not enough to fill it, it says how far it has come, and the next one goes on from there. How the indexes are asked is in
`terms_index.py`; docs/decisions/0036.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, literal, or_, tuple_

from cases.finding import CODES
from cases.tables import Clock
from cases.terms_index import AT_MOST, Hits, newest, standing
from cases.visibility import case, marks_of, visible_cases
from infra.among import is_among
from infra.terms import Sought, Together, code_term
from workflow.model import Actor, Kind

#: Cases that one page looks at, where each has to be looked at.
LOOKED_AT_FIRST, LOOKED_AT = 250, 2000
NEW, OLD, DUE, NUMBER = "new", "old", "due", "number"
SORTS = (NEW, OLD, DUE, NUMBER)
OPEN, CLOSED, ALL = "open", "closed", "all"
RED, YELLOW, GREEN, PAUSED = "red", "yellow", "green", "paused"
LIGHTS = (RED, YELLOW, GREEN, PAUSED)

_clock = Clock.__table__.c  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is looked for. All of it has to be so."""

    words: tuple[Sought, ...] = ()
    show: str = ALL
    light: str | None = None
    profile: str | None = None
    dispute_type: str | None = None
    channel: str | None = None
    unit: int | None = None
    handler: int | None = None
    mine: bool = False  #: it waits for the actor: theirs in hand, or their unit's to sign for
    due_by: datetime | None = None
    closed_from: datetime | None = None
    closed_until: datetime | None = None
    sort: str = NEW

    @property
    def codes(self) -> dict[str, str]:
        return {name: code for name in CODES if (code := getattr(self, name)) is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One page: the columns that were asked for, and where the next one begins. `looked_through`: it begins there because so much was
    looked at, and not because the page is full."""

    rows: tuple[Any, ...]
    next_place: tuple[Any, ...] | None
    looked_through: bool = False


def find_cases(
    connection: Connection, wanted: Wanted, listed: Select[Any], *, actor: Actor, now: datetime, after: tuple[Any, ...] | None,
    at_most: int,
) -> Found:  # fmt: skip
    """One page of what is wanted. `listed` is a select of `visible_cases` with the columns of the page, the case's id first and what it
    is sorted by last (`key_of_sort`); `after` a place that an earlier page gave."""
    narrowed = _narrowed(connection, wanted, actor, after)
    listed = listed.where(*_conditions(wanted, actor, now)).order_by(*_order(wanted))
    if after is not None:
        listed = listed.where(_beyond(wanted, after))
    among, end = narrowed.among, None if narrowed.floor is None else (narrowed.floor + 1,)
    if narrowed.open_words or (among is None and (wanted.light or wanted.codes or narrowed.common)):
        listed = listed.where(*standing(connection.dialect.name, narrowed.open_words, marks_of(actor.role)))
        coming = _next(wanted, narrowed, actor, after)
        rows, end = _looked_through(connection, listed, coming, at_most, at_once=narrowed.common)
    elif among is not None:
        rows = connection.execute(listed.where(is_among(case.id, among)).limit(at_most + 1)).all() if among else ()
    else:
        rows = connection.execute(listed.limit(at_most + 1)).all()
    if len(rows) > at_most:
        width = len(key_of_sort(wanted))
        return Found(rows=tuple(rows[:at_most]), next_place=tuple(rows[at_most - 1][-width:]))
    return Found(rows=tuple(rows), next_place=end, looked_through=end is not None)


def _looked_through(
    connection: Connection, listed: Select[Any], coming: Select[Any], at_most: int, *, at_once: bool
) -> tuple[Sequence[Any], tuple[Any, ...] | None]:
    """What is wanted of the next so many cases, and the place of the last of these if there are more. Mostly a few of them fill a page."""
    for most in (LOOKED_AT,) if at_once else (LOOKED_AT_FIRST, LOOKED_AT):
        window = coming.limit(most).subquery()
        rows = connection.execute(listed.join(window, window.c[0] == case.id).limit(at_most + 1)).all()
        if len(rows) > at_most:
            return rows, None
    last = connection.execute(coming.offset(LOOKED_AT - 1).limit(1)).one_or_none()
    return rows, None if last is None else tuple(last[1:])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Narrowed:
    """What the words leave: only these cases, if it is known which; of those up to `floor` it is not. `open_words` have still to be looked
    for in each."""

    among: frozenset[int] | None = None
    open_words: tuple[Sought, ...] = ()
    floor: int | None = None
    common: bool = False  #: what is said of days is so of very many cases: each has to be looked at


def _narrowed(connection: Connection, wanted: Wanted, actor: Actor, after: tuple[Any, ...] | None) -> _Narrowed:
    within, common = _in_days(connection, wanted, actor)
    words = [*wanted.words, *([_codes(wanted)] if wanted.codes else [])]
    if not words:
        return _Narrowed(among=within, common=common)
    below = after[-1] if after and wanted.sort == NEW else None
    hits = newest(connection, words, marks_of(actor.role), below=below)
    if whole := [*(one.cases for one in hits if one.floor is None), *([] if within is None else [within])]:
        still = tuple(word for word, one in zip(wanted.words, hits, strict=False) if one.floor is not None)
        return _Narrowed(among=frozenset.intersection(*whole), open_words=still)
    if wanted.sort == NEW:
        floor = max(one.floor for one in hits if one.floor is not None)
        return _Narrowed(among=frozenset(n for n in _common(hits) if n > floor), floor=floor)
    return _Narrowed(open_words=wanted.words, common=common)


def _in_days(connection: Connection, wanted: Wanted, actor: Actor) -> tuple[frozenset[int] | None, bool]:
    """The cases that are due by then or were closed then, where the list is sorted by something else and these are few; and
    whether they are many."""
    days = _days(wanted)
    if not days or wanted.sort == DUE:
        return None, False
    ids = connection.execute(visible_cases(actor, case.id).where(*days).limit(AT_MOST + 1)).scalars().all()
    return (None, True) if len(ids) > AT_MOST else (frozenset(ids), False)


def _common(hits: Sequence[Hits]) -> frozenset[int]:
    return frozenset.intersection(*(one.cases for one in hits))


def _codes(wanted: Wanted) -> Sought:
    """The codes of the filters as one word, which the register has of each case."""
    return Sought(
        typed="",
        any_of=(
            Together(tuple(code_term(CODES[name], code) for name, code in wanted.codes.items()), of_register=True),
        ),
    )


def _next(wanted: Wanted, narrowed: _Narrowed, actor: Actor, after: tuple[Any, ...] | None) -> Select[Any]:
    """The cases in the order of the list that have still to be looked at: id and key."""
    query = visible_cases(actor, case.id, *(key.label(f"key_{n}") for n, key in enumerate(key_of_sort(wanted))))
    query = query.where(*_indexed(wanted, actor), *(_days(wanted) if wanted.sort == DUE else []))
    query = query.order_by(*_order(wanted))
    if after is not None:
        query = query.where(_beyond(wanted, after))
    return query if narrowed.among is None else query.where(is_among(case.id, narrowed.among))


# -- order ------------------------------------------------------------------------------------------------------------


def key_of_sort(wanted: Wanted) -> tuple[ColumnElement[Any], ...]:
    """The columns that the list is sorted by; the last one is the case's id."""
    if wanted.sort == DUE:
        return (case.closed_at if wanted.show == CLOSED else case.next_due_at, case.id)
    return (case.series, case.year, case.serial, case.id) if wanted.sort == NUMBER else (case.id,)


def _goes_up(wanted: Wanted) -> bool:
    """What is due next and what is oldest come first; of what was closed, and of numbers, the latest."""
    return wanted.sort == OLD or (wanted.sort == DUE and wanted.show != CLOSED)


def _order(wanted: Wanted) -> tuple[ColumnElement[Any], ...]:
    return tuple(key if _goes_up(wanted) else key.desc() for key in key_of_sort(wanted))


def _beyond(wanted: Wanted, after: tuple[Any, ...]) -> ColumnElement[bool]:
    keys = key_of_sort(wanted)
    place = tuple_(*(literal(value, key.type) for key, value in zip(keys, after, strict=True)))
    beyond: ColumnElement[bool] = tuple_(*keys) > place if _goes_up(wanted) else tuple_(*keys) < place
    return beyond


# -- conditions -------------------------------------------------------------------------------------------------------


def _indexed(wanted: Wanted, actor: Actor) -> list[ColumnElement[bool]]:
    """What the indexes of cases answer in the order of the list."""
    found: list[ColumnElement[bool]] = []
    if wanted.show != ALL:
        found.append(case.closed_at.is_(None) if wanted.show == OPEN else case.closed_at.is_not(None))
    if wanted.unit is not None:
        found.append(case.holder_unit == wanted.unit)
    if wanted.handler is not None:
        found.append(case.holder_person == wanted.handler)
    if wanted.mine:
        mine = [case.holder_person == account for account in sorted(actor.accounts)]
        found.append(or_(*mine, and_(case.holder_unit == actor.unit, case.holder_person.is_(None))))
        found.append(case.closed_at.is_(None))
    return found


def _days(wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.due_by is not None:
        found += [case.next_due_at < wanted.due_by, case.closed_at.is_(None)]
    if wanted.closed_from is not None:
        found.append(case.closed_at >= wanted.closed_from)
    if wanted.closed_until is not None:
        found.append(case.closed_at < wanted.closed_until)
    return found


def _conditions(wanted: Wanted, actor: Actor, now: datetime) -> list[ColumnElement[bool]]:
    found = _indexed(wanted, actor) + _days(wanted) + [case[name] == code for name, code in wanted.codes.items()]
    if wanted.light is not None:
        found += [case.closed_at.is_(None), _shows(wanted.light, now)]
    return found


def _shows(light: str, now: datetime) -> ColumnElement[bool]:
    """Of an open case: its duties that run show this light, or it is paused. What is held while paused counts too."""
    if light == PAUSED:
        paused: ColumnElement[bool] = case.paused_until > now
        return paused
    red, yellow = _has_duty(_clock.red_at <= now), _has_duty(_clock.yellow_at <= now)
    if light == RED:
        return red
    return and_(yellow, ~red) if light == YELLOW else and_(_has_duty(), ~yellow, ~red)


def _has_duty(*where: ColumnElement[bool]) -> ColumnElement[bool]:
    running = (_clock.case_id == case.id, _clock.stopped_at.is_(None), _clock.kind == Kind.DUTY.value)
    return exists().where(*running, *where)
