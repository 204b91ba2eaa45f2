"""What waits for a second person: things that two decide, and links of which one has the address and another the code."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection
from starlette.responses import Response

from infra.db import transaction
from people.directory import names_of_accounts, names_of_units
from people.links import NoSuchHandover, handovers, show_code
from people.office_keys import shown
from people.proposals import ADD, CHANGE_KEY, REOPEN, Asked, LastAdministrator, NoSuchProposal, decide, waiting
from people.staffing import LoginIsTaken
from web.access import SECOND, RowId, get, post
from web.context import Context, Ctx
from web.links import Given, give_link, link_key
from web.pages import render
from web.posted import Form
from words import Words
from workflow.model import AccountId, Refusal

#: After these the account has nobody who is signed in: its owner needs a link.
WITH_LINK = (ADD, REOPEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Something that waits, as a person reads it. `own`: the reader asked for it, so somebody else decides."""

    id: int
    act: str
    name: str
    role: str
    unit: str
    email: str
    asked_by: str
    asked_at: str
    own: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeLine:
    """A link that the reader may give the code of."""

    name: str
    owner: str
    made_by: str
    until: str


@get("/second", who=SECOND)
def second(ctx: Ctx) -> Response:
    return _page(ctx)


@post("/second/code", who=SECOND)
def give_code(ctx: Ctx, form: Form) -> Response:
    """Shows the code that goes with a link, and records who was shown it."""
    name = form.one("link")
    try:
        with transaction(ctx.engine) as connection:
            code = show_code(connection, name, key=link_key(connection, ctx), actor=ctx.actor, now=ctx.now)
    except NoSuchHandover:
        return _page(ctx, status=409, error="second.link_is_gone")
    return _page(ctx, code=f"{code[:4]} {code[4:]}", of=name)


@post("/second/{number}", who=SECOND)
def decide_on(ctx: Ctx, form: Form, number: RowId) -> Response:
    agree = form.one("verdict") == "agree"
    given = Given()
    try:
        with transaction(ctx.engine) as connection:
            asked, account = decide(connection, number, agree=agree, actor=ctx.actor, now=ctx.now)
            if account is not None and asked.act in WITH_LINK:
                given = give_link(connection, ctx, account)
    except NoSuchProposal:
        return _page(ctx, status=409, error="second.is_decided")
    except LastAdministrator:
        return _page(ctx, status=409, error="people.last_administrator")
    except Refusal:  # its unit was closed meanwhile
        return _page(ctx, status=409, error="reason.unit.is_closed")
    except LoginIsTaken:
        return _page(ctx, status=409, error="people.login_taken")
    return _page(ctx, given=given, done="done.second_agreed" if agree else "done.second_refused")


def _page(ctx: Context, *, status: int = 200, **said: Any) -> Response:
    with ctx.reading() as connection:
        lines, codes = _lines(connection, ctx, ctx.me.id), _codes(connection, ctx, ctx.me.id)
    values = {"given": Given(), "code": None, "of": None, "error": None, **said}
    return render(ctx, "pages/second.html", status=status, lines=lines, codes=codes, **values)


def _lines(connection: Connection, ctx: Context, reader: AccountId) -> list[Line]:
    found = waiting(connection)
    names = names_of_accounts(connection, [one for asked in found for one in (asked.account, asked.asked_by)])
    units = names_of_units(connection)
    return [
        Line(
            id=one.id,
            act=one.act,
            name=_name(ctx, one, names),
            role=one.data.get("role", ""),
            unit=units.get(int(one.data["unit"]), "") if "unit" in one.data else "",
            email=one.data.get("email", ""),
            asked_by=names.get(one.asked_by, ""),
            asked_at=ctx.minute(one.asked_at),
            own=one.asked_by == reader,
        )
        for one in found
    ]


def _name(ctx: Context, asked: Asked, names: Mapping[int, str]) -> str:
    """Whom or what it is about."""
    if asked.act == CHANGE_KEY:
        key, fingerprint = asked.data["key"], asked.data["fingerprint"]
        return f"{Words(ctx.language)(f'key.{key}')} {shown(fingerprint)}"
    if asked.account is None:
        return asked.data.get("name", "")
    known = names.get(asked.account, "")
    return f"{known} → {asked.data['name']}" if "name" in asked.data else known


def _codes(connection: Connection, ctx: Context, reader: AccountId) -> list[CodeLine]:
    found = handovers(connection, asker=reader, now=ctx.now)
    names = names_of_accounts(connection, [one for link in found for one in (link.owner, link.made_by)])
    return [
        CodeLine(
            name=one.name, owner=names.get(one.owner, ""), made_by=names.get(one.made_by, ""),
            until=ctx.minute(one.until),
        )
        for one in found
    ]  # fmt: skip
