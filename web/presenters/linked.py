"""Cases that have to do with the one that is shown, as far as the reader may know of them."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from cases.filed import case_by_number
from cases.numbers import case_number
from cases.visibility import case, visible_cases
from infra.among import is_among
from web.context import Context
from web.forms import Option
from words import Words
from workflow.model import CaseId, RecordNumber
from workflow.records import Link


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkView:
    """What the other case is to this one; nothing names it where it does not exist for the reader."""

    link: RecordNumber
    kind: str
    public_id: str | None
    number: str | None


#: Of cases that exist for the reader: their address and their number.
Known = dict[CaseId, tuple[str, str]]


def known_cases(connection: Connection, ctx: Context, cases: Iterable[CaseId]) -> Known:
    """Nothing is asked for none."""
    wanted = set(cases)
    if not wanted:
        return {}
    columns = (case.id, case.public_id, case.series, case.year, case.serial)
    rows = connection.execute(visible_cases(ctx.actor, *columns).where(is_among(case.id, wanted)))
    short = ctx.office.short_name
    return {CaseId(row.id): (row.public_id, case_number(short, row.series, row.year, row.serial)) for row in rows}


def link_views(links: Iterable[Link], known: Known) -> tuple[LinkView, ...]:
    found = []
    for one in links:
        public_id, number = known.get(one.other, (None, None))
        found.append(LinkView(link=one.number, kind=one.kind, public_id=public_id, number=number))
    return tuple(found)


def link_options(connection: Connection, ctx: Context, links: Iterable[Link]) -> tuple[Option, ...]:
    links, words = tuple(links), Words(ctx.language)
    views = link_views(links, known_cases(connection, ctx, (one.other for one in links)))
    return tuple(
        Option(value=str(one.link), text=f"{words(f'link.{one.kind}')} · {one.number or words('link.unseen')}")
        for one in views
    )


def case_that_was_typed(ctx: Context, typed: str) -> int | None:
    """The case of a number as people write it, if it exists for the reader."""
    with ctx.reading() as connection:
        return case_by_number(connection, typed, short_name=ctx.office.short_name, actor=ctx.actor)
