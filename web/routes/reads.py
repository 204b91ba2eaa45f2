"""Who has read cases that they neither hold nor serve in, for auditors."""

from dataclasses import dataclass

from starlette.responses import Response

from cases.numbers import case_number
from cases.reads import reads_of
from people.directory import names_of_accounts
from web.access import RECORD, get
from web.context import Ctx
from web.pages import render

MOST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    at: str
    who: str
    number: str


@get("/reads", who=RECORD)
def reads_page(ctx: Ctx) -> Response:
    with ctx.reading() as connection:
        found = reads_of(connection, actor=ctx.actor, most=MOST)
        names = names_of_accounts(connection, [one.reader for one in found])
    lines = [
        Line(
            at=ctx.minute(one.first_at),
            who=names.get(one.reader, ""),
            number=case_number(ctx.office.short_name, *one.number),
        )
        for one in found
    ]
    return render(ctx, "pages/reads.html", lines=lines, most=MOST)
