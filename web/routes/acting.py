"""As whom somebody acts who has several posts, or stands in for a colleague: one of them at a time, chosen here."""

import re
from dataclasses import dataclass
from urllib.parse import quote

from sqlalchemy import Connection
from starlette.responses import Response

from cases.reading import find_case
from infra.db import transaction
from people.directory import Person, person
from people.posts import parts_of
from people.signin import act_as
from web.access import STAFF, get, post
from web.context import SESSION_COOKIE, Context, Ctx, MustFirst, NoSuchPage, cookie_of
from web.pages import render, see_other
from web.posted import Form, figure_from
from web.presenters.posts import last_day
from workflow.model import Role

WORK = "/work"
A_CASE = re.compile(r"/cases/[0-9a-f]{1,64}(?:/[A-Za-z0-9/]{1,80})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One of the parts that somebody can act in. `post` is empty for what the account was made for."""

    post: str
    role: str
    unit: str
    in_place_of: str | None
    until: str | None
    is_now: bool
    sees_it: bool = False  #: the matter that was asked for


@get("/act-as", who=STAFF)
def choose_part(ctx: Ctx, to: str = "") -> Response:
    with ctx.reading() as connection:
        parts = _parts(connection, ctx, to)
    return render(ctx, "pages/act_as.html", parts=parts, to=_inside(to), asked=any(one.sees_it for one in parts))


@post("/act-as", who=STAFF, dated=False)
def take_part(ctx: Ctx, form: Form) -> Response:
    """Acts as another from the next page on."""
    chosen = figure_from(form.one("post")) if form.one("post") else None
    with transaction(ctx.engine) as connection:
        who = ctx.me
        found = person(connection, who.id, post=chosen)
        if found is None or found.post != chosen:
            raise NoSuchPage
        act_as(connection, cookie_of(ctx.request, SESSION_COOKIE), found, now=ctx.now)
    # What the other part was looking at may not be there for this one.
    return see_other(_inside(form.one("to")) or ("/" if found.actor.role is Role.ADMINISTRATOR else WORK))


def seen_as_another(connection: Connection, ctx: Context, public_id: str) -> None:
    """Raises `MustFirst` if another post of the same person sees this case."""
    if ctx.person is None or not (ctx.person.posts or ctx.person.post):
        return
    if any(_sees(connection, who, public_id) for _, who in parts_of(connection, ctx.person.id, now=ctx.now)):
        raise MustFirst(f"/act-as?to={quote(ctx.request.url.path)}")


def _parts(connection: Connection, ctx: Context, to: str) -> list[Part]:
    who = ctx.me
    asked = _inside(to).removeprefix("/cases/").split("/")[0]
    return [
        Part(
            post=str(held.id) if held else "", role=acting.actor.role.value, unit=acting.unit_name,
            in_place_of=acting.in_place_of, until=last_day(held, ctx) if held else None,
            is_now=acting.post == who.post, sees_it=bool(asked) and _sees(connection, acting, asked),
        )
        for held, acting in parts_of(connection, who.id, now=ctx.now)
    ]  # fmt: skip


def _sees(connection: Connection, who: Person, public_id: str) -> bool:
    return find_case(connection, public_id, actor=who.actor) is not None


def _inside(path: str) -> str:
    """The page of a case to go on to, or nothing: never another site."""
    return path if A_CASE.fullmatch(path) else ""
