"""The work list: open cases by what is due next, grouped so that the page answers "what is due" at a glance."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, or_

from cases import reading as record
from cases.numbers import case_number
from cases.visibility import READABLE, case, visible_cases
from cases.words import Words
from people.directory import names_of_accounts, names_of_units
from web.context import Context
from web.presenters.lights import LightView, case_light, minute
from workflow.machine import usual_next
from workflow.model import State, TextKind

PAGE = 50
LARGEST_ID = 2**63 - 1
GROUPS = ("overdue", "today", "this_week", "later", "paused")
_COLUMNS = (
    case.id, case.public_id, case.series, case.year, case.serial, case.procedure, case.profile, case.state, case.dispute_type,
    case.holder_unit, case.holder_person, case.next_due_at, case.paused_until, case.closed_at, case.outcome,
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
    outcome: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkList:
    groups: tuple[tuple[str, tuple[WorkRow, ...]], ...]
    next_page: str | None  #: where the next page begins
    masked: bool


def open_list(connection: Connection, ctx: Context, *, after: str | None, serial: int | None) -> WorkList:
    """One page of open cases. `after` is where the last page ended; `serial` finds a case by its number."""
    query = visible_cases(ctx.actor, *_COLUMNS).where(case.closed_at.is_(None))
    if serial is not None:
        query = query.where(case.serial == serial)
    if place := _place(after):
        due, case_id = place
        query = query.where(or_(case.next_due_at > due, and_(case.next_due_at == due, case.id > case_id)))
    rows = connection.execute(query.order_by(case.next_due_at, case.id).limit(PAGE + 1)).all()
    return _list(connection, ctx, rows)


def closed_list(connection: Connection, ctx: Context, *, after: str | None, serial: int | None) -> WorkList:
    """One page of closed cases, latest first."""
    query = visible_cases(ctx.actor, *_COLUMNS).where(case.closed_at.is_not(None))
    if serial is not None:
        query = query.where(case.serial == serial)
    if place := _place(after):
        closed, case_id = place
        query = query.where(or_(case.closed_at < closed, and_(case.closed_at == closed, case.id < case_id)))
    rows = connection.execute(query.order_by(case.closed_at.desc(), case.id.desc()).limit(PAGE + 1)).all()
    return _list(connection, ctx, rows)


def _list(connection: Connection, ctx: Context, rows: Any) -> WorkList:
    page, more = rows[:PAGE], len(rows) > PAGE
    ids = [row.id for row in page]
    titles = record.titles_of(connection, ids, actor=ctx.actor)
    clocks = record.clocks_of(connection, ids, actor=ctx.actor)
    holders = {row.holder_person for row in page}
    accounts = names_of_accounts(connection, holders, closed=Words(ctx.language)("account.closed"))
    units = names_of_units(connection)
    shown: dict[str, list[WorkRow]] = {}
    for row in page:
        light = case_light(clocks.get(row.id, ()), ctx)
        view = _row(row, titles.get(row.id, (None, [])), light, accounts, units, ctx)
        shown.setdefault(view.group, []).append(view)
    order = (*GROUPS, "closed")
    return WorkList(
        groups=tuple((group, tuple(shown[group])) for group in order if group in shown),
        next_page=_mark(page[-1]) if more else None,
        masked=TextKind.PARTY_NAME not in READABLE[ctx.actor.role],
    )


def _row(
    row: Any,
    words: tuple[str | None, list[str]],
    light: LightView,
    accounts: Mapping[int, str],
    units: Mapping[int, str],
    ctx: Context,
) -> WorkRow:
    title, parties = words
    person = accounts.get(row.holder_person) if row.holder_person is not None else None
    return WorkRow(
        public_id=row.public_id,
        number=case_number(ctx.office.short_name, row.series, row.year, row.serial),
        title=title,
        parties=tuple(parties),
        dispute_type=row.dispute_type,
        procedure=row.procedure,
        state=row.state,
        next_step=usual_next(row.procedure, State(row.state)),
        holder=" · ".join(part for part in (units.get(row.holder_unit), person) if part),
        light=light,
        group=_group(row, ctx),
        closed=minute(row.closed_at, ctx) if row.closed_at else None,
        outcome=row.outcome,
    )


def _group(row: Any, ctx: Context) -> str:
    """Overdue, due by tonight, due by Sunday night, later; a paused case waits in a group of its own."""
    if row.closed_at is not None:
        return "closed"
    if row.paused_until is not None and row.paused_until > ctx.now:
        return "paused"
    calendar = ctx.office.policy.calendar
    if row.next_due_at is None or row.next_due_at > calendar.end_of(
        ctx.today + timedelta(days=6 - ctx.today.weekday())
    ):
        return "later"
    if row.next_due_at <= ctx.now:
        return "overdue"
    return "today" if row.next_due_at <= calendar.end_of(ctx.today) else "this_week"


def _mark(row: Any) -> str:
    return f"{(row.closed_at or row.next_due_at).isoformat()}~{row.id}"


def _place(mark: str | None) -> tuple[datetime, int] | None:
    """Where a page begins; a mark that was typed by hand and means nothing begins at the start."""
    try:
        text, number = (mark or "").split("~")
        instant, case_id = datetime.fromisoformat(text), int(number)
        place = instant.astimezone(UTC), case_id
    except (ValueError, OverflowError):  # no time, or one that no calendar reaches
        return None
    return place if instant.tzinfo and 0 <= case_id <= LARGEST_ID else None
