"""One's own account: posts, deputies, and the browsers that are signed in with it, each of which one may sign out."""

from dataclasses import dataclass

from sqlalchemy import Connection
from starlette.responses import Response

from infra.db import transaction
from people.identities import is_offered
from people.posts import deputies_of, end_post, posts_of
from people.sign_ins import sign_ins_of
from people.signin import end_other_sessions, end_session_of, hash_token, sessions_of
from web.access import STAFF, RowId, get, post
from web.context import SESSION_COOKIE, Context, Ctx, cookie_of
from web.pages import render, see_other
from web.posted import Form
from web.presenters.own_account import sign_in_view
from web.presenters.posts import post_view


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """A signed-in browser as its owner sees it. `name` tells it from the others in a form, and signs nobody in."""

    name: str
    since: str
    used: str
    here: bool


@get("/account", who=STAFF)
def account_page(ctx: Ctx) -> Response:
    with ctx.reading() as connection:
        browsers, own = _browsers(connection, ctx), ctx.me.id
        posts = [post_view(one, ctx) for one in posts_of(connection, own)]
        deputies = [post_view(one, ctx) for one in deputies_of(connection, own)]
        came_in = [sign_in_view(one, ctx) for one in sign_ins_of(connection, own)]
    return render(
        ctx,
        "pages/account.html",
        browsers=browsers,
        posts=posts,
        deputies=deputies,
        came_in=came_in,
        unified=is_offered(ctx.site.settings),
    )


@post("/account/deputies/{deputy}/end", who=STAFF)
def end_own_deputy(ctx: Ctx, form: Form, deputy: RowId) -> Response:  # noqa: ARG001 (the form's token is checked by asking for it)
    """Whoever is back says so themselves. Once is as good as twice."""
    with transaction(ctx.engine) as connection:
        if deputy in {one.id for one in deputies_of(connection, ctx.me.id)}:
            end_post(connection, deputy, actor=ctx.actor, now=ctx.now)
    return see_other("/account", done="deputy_ended")


@post("/account/sessions/end", who=STAFF)
def end_sessions(ctx: Ctx, form: Form) -> Response:
    """Signs one browser out, or every one but this."""
    account, name = ctx.me.id, form.one("session")
    with transaction(ctx.engine) as connection:
        if name:
            end_session_of(connection, account, name)
        else:
            end_other_sessions(connection, account, keep=cookie_of(ctx.request, SESSION_COOKIE))
    return see_other("/account", done="sessions_ended")


def _browsers(connection: Connection, ctx: Context) -> list[Browser]:
    here = hash_token(cookie_of(ctx.request, SESSION_COOKIE))
    found = sessions_of(connection, ctx.me.id, now=ctx.now)
    return [
        Browser(name=name, since=ctx.minute(begun), used=ctx.minute(seen), here=name == here)
        for name, begun, seen in found
    ]
