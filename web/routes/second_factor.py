"""The second factor: giving its code after the password, setting one up, taking it away."""

from datetime import timedelta
from typing import Any

from starlette.responses import Response

from infra.db import transaction
from people.factors import (
    REQUIRED,
    codes_left,
    has_factor,
    is_secret,
    new_secret,
    picture_of,
    remove_factor,
    set_factor,
    use_factor,
)
from people.sign_ins import FACTOR, note_sign_in
from people.signin import CODE, SET_UP, begin_session, end_session, find_session, sign_in_name_of
from web.access import PUBLIC, STAFF, get, post
from web.context import SESSION_COOKIE, Context, Ctx, NoSuchPage, PleaseSignIn, cookie_of
from web.cookies import end, start
from web.pages import render, see_other, too_early
from web.passkey_place import passkeys_are_offered
from web.posted import Form, SessionForm
from web.routes.signin import user_agent_of
from web.slowing import factor_was_right, wait_before_factor
from workflow.model import AccountId


@get("/signin/second", who=PUBLIC)
def ask_for_code(ctx: Ctx) -> Response:
    _waiting(ctx)
    return render(ctx, "pages/signin_second.html", error=None, seconds=0, passkeys=passkeys_are_offered(ctx))


@post("/signin/second", who=PUBLIC, dated=False)
def give_code(ctx: Ctx, form: SessionForm) -> Response:
    """The session goes on under another token, so that the one that stood before the code is worth nothing."""
    account, code = _waiting(ctx), form.one("code")
    if wait := wait_before_factor(ctx, account, code):
        shown = {"error": "signin.too_many_tries", "passkeys": passkeys_are_offered(ctx)}
        return too_early(ctx, "pages/signin_second.html", wait, **shown)
    with transaction(ctx.engine) as connection:
        spent = use_factor(connection, account, code, now=ctx.now)
        if spent is not None:
            factor_was_right(connection, account)
            end_session(connection, cookie_of(ctx.request, SESSION_COOKIE))
            session = begin_session(connection, account=account, now=ctx.now, spent=spent, how=FACTOR)
            note_sign_in(connection, account, FACTOR, user_agent=user_agent_of(ctx), now=ctx.now)
    if spent is None:
        shown = {"error": "signin.wrong_factor", "seconds": 0, "passkeys": passkeys_are_offered(ctx)}
        return render(ctx, "pages/signin_second.html", status=422, **shown)
    return start(see_other("/"), session, ctx.site.settings)


@get("/account/second-factor", who=STAFF)
def factor_page(ctx: Ctx) -> Response:
    return _page(ctx, secret=new_secret())


@post("/account/second-factor", who=STAFF, dated=False)
def set_up(ctx: Ctx, form: Form) -> Response:
    """Shows the recovery codes, this once; the secret comes back in the form, so that a mistyped code starts nothing anew."""
    account, secret = ctx.me.id, form.one("secret")
    with transaction(ctx.engine) as connection:
        if has_factor(connection, account):
            raise NoSuchPage
        codes = set_factor(connection, account, secret, form.one("code"), actor=ctx.actor, now=ctx.now)
        if codes is not None:
            end_session(connection, cookie_of(ctx.request, SESSION_COOKIE))
            session = begin_session(connection, account=account, now=ctx.now)
    if codes is None:
        again = secret if is_secret(secret) else new_secret()
        return _page(ctx, secret=again, status=422, error="factor.wrong_code")
    return start(render(ctx, "pages/recovery_codes.html", codes=codes), session, ctx.site.settings)


@post("/account/second-factor/remove", who=STAFF)
def remove(ctx: Ctx, form: Form) -> Response:
    """With a code of it. Whoever must have one sets up another first thing after signing in again."""
    account, code = ctx.me.id, form.one("code")
    if wait := wait_before_factor(ctx, account, code):
        return _page(ctx, secret=new_secret(), status=429, error="signin.too_many_tries", wait=wait)
    with transaction(ctx.engine) as connection:
        right = use_factor(connection, account, code, now=ctx.now) is not None
        if right:
            factor_was_right(connection, account)
            remove_factor(connection, account, actor=ctx.actor, now=ctx.now)
    if not right:
        return _page(ctx, secret=new_secret(), status=422, error="factor.wrong_code")
    return end(ctx, see_other("/signin"))


def _page(
    ctx: Context, *, secret: str, status: int = 200, error: str | None = None, wait: timedelta = timedelta(0)
) -> Response:
    with ctx.reading() as connection:
        login, there = sign_in_name_of(connection, ctx.me.id), has_factor(connection, ctx.me.id)
        left = codes_left(connection, ctx.me.id)
    values: dict[str, Any] = {"there": there, "left": left, "error": error, "seconds": int(wait.total_seconds()) + 1}
    if not there:
        picture = picture_of(secret, login=login, office=ctx.office.name)
        values |= {
            "secret": secret,
            "groups": [secret[n : n + 4] for n in range(0, len(secret), 4)],
            "picture": picture,
        }
    must = ctx.me.actor.role in REQUIRED
    return render(ctx, "pages/second_factor.html", status=status, must=must, first=ctx.limited == SET_UP, **values)


def _waiting(ctx: Context) -> AccountId:
    """Whose code this session waits for. Raises `PleaseSignIn`."""
    with ctx.reading() as connection:
        found = find_session(connection, cookie_of(ctx.request, SESSION_COOKIE), now=ctx.now)
    if found is None or found.account is None or found.limited != CODE:
        raise PleaseSignIn
    return found.account
