"""The work list: open cases by what is due next, grouped so that the page answers "what is due" at a glance."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, and_, bindparam, exists, or_

from cases import reading as record
from cases.numbers import case_number
from cases.tables import Case
from cases.visibility import READABLE, case, cases_in_reach, reach_of
from infra.statements import Statement
from ledger.tables import Event
from people.tables import Account, Unit
from web.context import Context
from web.presenters.lights import LightView, case_light
from words import Words
from workflow.deciding import usual_next
from workflow.model import Actor, Clock, Role, TextKind

LARGEST_ID = 2**63 - 1
GROUPS = ("overdue", "today", "this_week", "later", "paused")
#: So many rows may be chosen at once.
CHOSEN = 100
#: Longer than a holiday: what nobody has touched by then is no news.
FRESH_FOR = timedelta(days=14)
_event = Event.__table__.c  # type: ignore[attr-defined]
_unit = Unit.__table__.c  # type: ignore[attr-defined]
_account = Account.__table__.c  # type: ignore[attr-defined]
#: What a list says of each case: the columns of `Row`.
LISTED = (
    case.id, case.public_id, case.series, case.year, case.serial, case.procedure, case.state, case.dispute_type,
    case.next_due_at, case.paused_until, case.closed_at, case.outcome, _unit.name, _account.name, _account.active,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkRow:
    public_id: str
    number: str
    title: str | None
    parties: tuple[str, ...]
    dispute_type: str
    procedure: str
    state: str
    next_step: str | None
    holder: str
    light: LightView
    group: str
    closed: str | None
    closed_at: datetime | None
    outcome: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkList:
    groups: tuple[tuple[str, tuple[WorkRow, ...]], ...]
    next_page: str | None  #: where the next page begins
    masked: bool
    fresh: frozenset[str] = frozenset()  #: addresses of what has come to the reader, and waits for their first step


class Row(NamedTuple):
    """A case of the list, with the names of who holds it."""

    id: int
    public_id: str
    series: str
    year: int
    serial: int
    procedure: str
    state: str
    dispute_type: str
    next_due_at: datetime | None
    paused_until: datetime | None
    closed_at: datetime | None
    outcome: str | None
    unit: str | None
    person: str | None
    person_is_active: bool | None


def open_list(connection: Connection, ctx: Context, *, after: str | None, serial: int | None) -> WorkList:
    """One page of open cases, due first. `after` is where the last page ended; `serial` finds a case by its number."""
    listed = _list(connection, ctx, closed=False, after=after, serial=serial)
    return replace(listed, fresh=_fresh(connection, ctx))


def closed_list(connection: Connection, ctx: Context, *, after: str | None, serial: int | None) -> WorkList:
    """One page of closed cases, latest first."""
    return _list(connection, ctx, closed=True, after=after, serial=serial)


def _list(connection: Connection, ctx: Context, *, closed: bool, after: str | None, serial: int | None) -> WorkList:
    rows = _rows(connection, ctx.actor, closed=closed, place=_place(after), serial=serial)
    page, more = rows[: record.PAGE], len(rows) > record.PAGE
    shown: dict[str, list[WorkRow]] = {}
    for view in work_rows(connection, ctx, page):
        shown.setdefault(view.group, []).append(view)
    order = (*GROUPS, "closed")
    return WorkList(
        groups=tuple((group, tuple(shown[group])) for group in order if group in shown),
        next_page=_mark(page[-1]) if more else None,
        masked=TextKind.PARTY_NAME not in READABLE[ctx.actor.role],
    )


def _fresh(connection: Connection, ctx: Context) -> frozenset[str]:
    """What came to the reader in the last days, and in which they have taken no step since. Whoever takes a matter for themselves has."""
    if ctx.actor.account is None:
        return frozenset()
    asked = {"me": ctx.actor.account, "since": ctx.now - FRESH_FOR, **reach_of(ctx.actor)}
    return frozenset(public_id for (public_id,) in _come_to_me(ctx.actor.role).rows(connection, **asked))


@cache
def _come_to_me(role: Role) -> Statement:
    since = bindparam("since", type_=case.custody_from.type)
    acted = exists().where(
        _event.stream == case.id, _event.actor == bindparam("me"), _event.recorded_at >= case.custody_from
    )
    mine = (case.holder_person == bindparam("me"), case.closed_at.is_(None), case.custody_from >= since)
    return Statement(cases_in_reach(role, case.public_id).where(*mine, ~acted).limit(record.PAGE))


def chosen_rows(connection: Connection, ctx: Context, addresses: Collection[str]) -> tuple[WorkRow, ...]:
    """Those of these matters that the reader may see, due first, then those that are closed; of the others nothing is said."""
    query = _listed(ctx.actor.role).params(**reach_of(ctx.actor)).where(case.public_id.in_(sorted(addresses)[:CHOSEN]))
    rows = [
        Row(*values)
        for values in connection.execute(query.order_by(case.closed_at.is_not(None), case.next_due_at, case.id))
    ]
    return work_rows(connection, ctx, rows)


def _rows(
    connection: Connection, actor: Actor, *, closed: bool, place: tuple[datetime, int] | None, serial: int | None
) -> list[Row]:
    """The cases of one page, and one more if there is more."""
    asked = {} if serial is None else {"serial": serial}
    where = {} if place is None else {"place_at": place[0], "place_id": place[1]}
    statement = _page_of(actor.role, closed=closed, numbered=bool(asked), goes_on=bool(where))
    return [Row(*values) for values in statement.rows(connection, **asked, **where, **reach_of(actor))]


@cache
def _page_of(role: Role, *, closed: bool, numbered: bool, goes_on: bool) -> Statement:
    query = _listed(role).where(case.closed_at.is_not(None) if closed else case.closed_at.is_(None))
    if numbered:
        query = query.where(case.serial == bindparam("serial"))
    time = case.closed_at if closed else case.next_due_at
    if goes_on:
        at, last = bindparam("place_at", type_=time.type), case.id.op("<" if closed else ">")(bindparam("place_id"))
        query = query.where(or_(time < at if closed else time > at, and_(time == at, last)))
    order = (time.desc(), case.id.desc()) if closed else (time, case.id)
    return Statement(query.order_by(*order).limit(record.PAGE + 1))


def _listed(role: Role) -> Select[Any]:
    return with_holders(cases_in_reach(role, *LISTED))


def with_holders(query: Select[Any]) -> Select[Any]:
    """`query`, which chooses `LISTED` first, with who holds each case."""
    return query.join_from(Case, Unit, case.holder_unit == _unit.id, isouter=True).join(
        Account, case.holder_person == _account.id, isouter=True
    )


def _person(row: Row, ctx: Context) -> str | None:
    """Who holds it; a closed account is called so, because nobody of that name will do anything."""
    if row.person is None or row.person_is_active:
        return row.person
    return row.person + Words(ctx.language)("account.closed")


def work_rows(connection: Connection, ctx: Context, rows: Sequence[Row]) -> tuple[WorkRow, ...]:
    """These cases as a list shows them, with the words of them that the reader may read, in their order."""
    ids = [row.id for row in rows]
    titles = record.titles_of(connection, ids, actor=ctx.actor)
    clocks = record.clocks_of(connection, ids, actor=ctx.actor)
    return tuple(_work_row(row, titles.get(row.id, (None, [])), clocks.get(row.id, ()), ctx) for row in rows)


def _work_row(row: Row, words: tuple[str | None, list[str]], clocks: Collection[Clock], ctx: Context) -> WorkRow:
    title, parties = words
    light = case_light(clocks, ctx)
    return WorkRow(
        public_id=row.public_id,
        number=case_number(ctx.office.short_name, row.series, row.year, row.serial),
        title=title,
        parties=tuple(parties),
        dispute_type=row.dispute_type,
        procedure=row.procedure,
        state=row.state,
        next_step=usual_next(row.procedure, row.state, clocks),
        holder=" · ".join(part for part in (row.unit, _person(row, ctx)) if part),
        light=light,
        group=_group(row, light, ctx),
        closed=ctx.minute(row.closed_at) if row.closed_at else None,
        closed_at=row.closed_at,
        outcome=row.outcome,
    )


def _group(row: Row, light: LightView, ctx: Context) -> str:
    """Overdue, due by tonight, due by Sunday night, later; a paused case waits in a group of its own. Only a duty of ours can be
    overdue: where somebody else's time is over, what follows is for today."""
    if row.closed_at is not None:
        return "closed"
    if row.paused_until is not None and row.paused_until > ctx.now:
        return "paused"
    calendar = ctx.office.policy.calendar
    if row.next_due_at is None or row.next_due_at > calendar.end_of(
        ctx.today + timedelta(days=6 - ctx.today.weekday())
    ):
        return "later"
    if row.next_due_at <= ctx.now and light.code != "window" and light.left and light.left.overdue:
        return "overdue"
    return "today" if row.next_due_at <= calendar.end_of(ctx.today) else "this_week"


def _mark(row: Row) -> str:
    time = row.closed_at or row.next_due_at
    assert time, "a case is closed or has something due"
    return f"{time.isoformat()}~{row.id}"


def _place(mark: str | None) -> tuple[datetime, int] | None:
    """Where a page begins; a mark that was typed by hand and means nothing begins at the start."""
    try:
        text, number = (mark or "").split("~")
        instant, case_id = datetime.fromisoformat(text), int(number)
        place = instant.astimezone(UTC), case_id
    except (ValueError, OverflowError):  # no time, or one that no calendar reaches
        return None
    return place if instant.tzinfo and 0 <= case_id <= LARGEST_ID else None
