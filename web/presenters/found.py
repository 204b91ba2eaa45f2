"""What was found, as the page and the file show it, and what the address says of what is looked for."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from cases import reading as record
from cases.numbers import number_asked_for
from cases.search import Found, Wanted, find_cases, key_of_sort
from cases.visibility import READABLE, visible_cases
from infra.terms import Sought, sought_in
from web.context import Context
from web.presenters.work_list import LARGEST_ID, LISTED, Row, WorkRow, with_holders, work_rows
from workflow.model import TextKind


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPage:
    rows: tuple[WorkRow, ...]
    next_page: str | None  #: where the next page begins
    looked_through: bool  #: it begins there because this page has looked at as much as a page may
    masked: bool


def find_page(connection: Connection, ctx: Context, wanted: Wanted, *, after: str | None) -> FoundPage:
    found = _found(connection, ctx, wanted, place_of(after, wanted))
    rows = [Row(*row[: len(Row._fields)]) for row in found.rows]
    return FoundPage(
        rows=work_rows(connection, ctx, rows),
        next_page=mark_of(found.next_place) if found.next_place is not None else None,
        looked_through=found.looked_through,
        masked=TextKind.PARTY_NAME not in READABLE[ctx.actor.role],
    )


def _found(connection: Connection, ctx: Context, wanted: Wanted, after: tuple[Any, ...] | None) -> Found:
    keys = (key.label(f"key_{n}") for n, key in enumerate(key_of_sort(wanted)))
    listed = with_holders(visible_cases(ctx.actor, *LISTED, *keys))
    return find_cases(connection, wanted, listed, actor=ctx.actor, now=ctx.now, after=after, at_most=record.PAGE)


def words_sought(ctx: Context, typed: str) -> tuple[Sought, ...]:
    """The words of the search box. Raises `NotSought`."""
    office = ctx.office
    series = {profile.series for profile in office.policy.profiles.values()}
    return sought_in(typed, lambda word: number_asked_for(word, office.short_name, series))


# -- places -----------------------------------------------------------------------------------------------------------


def mark_of(place: tuple[Any, ...]) -> str:
    """Where a page begins, as the address says it."""
    return "~".join(part.isoformat() if isinstance(part, datetime) else str(part) for part in place)


def place_of(mark: str | None, wanted: Wanted) -> tuple[Any, ...] | None:
    """The same read back; a mark that was typed by hand and means nothing begins at the start."""
    parts, keys = (mark or "").split("~"), key_of_sort(wanted)
    if len(parts) != len(keys):
        return None
    try:
        place = tuple(_read(part, key.type.python_type) for part, key in zip(parts, keys, strict=True))
    except (ValueError, OverflowError):
        return None
    return None if "\0" in (mark or "") else place


def _read(part: str, kind: type) -> Any:
    if kind is int:
        number = int(part)
        if not 0 <= number <= LARGEST_ID:
            raise ValueError(part)
        return number
    if issubclass(kind, datetime):
        instant = datetime.fromisoformat(part)
        if instant.tzinfo is None:
            raise ValueError(part)
        return instant.astimezone(UTC)
    return part
