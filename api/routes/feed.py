"""What has happened in the matters that an account may see, for a program that keeps up with it."""

import re
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from api.answers import Feed, answered
from api.caller import Ctx
from api.declared import reads
from cases.feed import last_place, what_happened
from people.tokens import FEED
from web.access import CASE_STAFF
from web.problems import Problem

#: Where to begin for what is to come.
END = "end"
QUERY: Mapping[str, Mapping[str, Any]] = {"after": {"type": "string", "pattern": f"^([0-9]{{1,18}}|{END})$"}}


@reads("/feed", who=CASE_STAFF, code="feed", scope=FEED, answers=Feed, query=QUERY)
def feed(ctx: Ctx) -> Response:
    """From the beginning, or from a place that an earlier answer gave."""
    after = ctx.request.query_params.get("after", "0")
    if after != END and not re.fullmatch(r"[0-9]{1,18}", after):
        raise Problem("place_is_wrong", status=422)
    with ctx.reading() as connection:
        if after == END:
            return answered(Feed(items=(), next=last_place(connection), more=False))
        page = what_happened(
            connection, after=int(after), actor=ctx.actor, now=ctx.now, short_name=ctx.office.short_name
        )
    return answered(Feed(items=page.entries, next=page.next_place, more=page.more))
