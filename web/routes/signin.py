"""Signing in and out: by password, or by a one-time link that opens a page with a button; choosing a password."""

from typing import Any

from sqlalchemy import Connection
from starlette.responses import Response

from infra.db import transaction
from people.factors import comes_first
from people.identities import is_offered
from people.known_browsers import remember_browser
from people.links import WrongCode, link_asks_for_code, link_is_good, session_of_link, use_link
from people.passwords import MAX_PASSWORD, MIN_PASSWORD, fault_of_password
from people.sign_ins import LINK, PASSWORD, note_sign_in
from people.signin import (
    CODE,
    begin_session,
    check_own_password,
    check_password,
    end_session,
    has_to_give_password,
    hash_password,
    same_password,
    set_password,
    sign_in_name_of,
)
from web.access import PUBLIC, STAFF, get, post
from web.context import FIRST, KNOWN_COOKIE, SESSION_COOKIE, Context, Ctx, cookie_of
from web.cookies import end, make_known, start
from web.pages import render, see_other, too_early
from web.passkey_place import passkeys_are_offered
from web.posted import Form, Posted, SessionForm
from web.slowing import (
    own_password_was_right,
    password_was_right,
    password_was_wrong,
    wait_before_choosing,
    wait_before_code_of_link,
    wait_before_password,
)
from workflow.model import AccountId


@get("/signin", who=PUBLIC)
def signin_form(ctx: Ctx) -> Response:
    return signin_page(ctx, login="")


@post("/signin", who=PUBLIC, dated=False)
def sign_in(ctx: Ctx, form: SessionForm) -> Response:
    login, password = form.one("login"), form.one("password")
    if not (login.strip() and password):
        return signin_page(ctx, login=login, error="signin.incomplete")
    if wait := wait_before_password(ctx, login, password):
        shown = {"login": login, "error": "signin.too_many_tries", **also_offered(ctx)}
        return too_early(ctx, "pages/signin.html", wait, **shown)
    with ctx.reading() as connection:
        account = check_password(connection, login, password)
    if account is None:
        password_was_wrong(ctx, login, password)
        return signin_page(ctx, login=login, error="signin.unknown")
    with transaction(ctx.engine) as connection:
        password_was_right(connection, ctx, login)
        limited = comes_first(connection, account, demo=ctx.office.demo)
        session = begin_session(connection, account=account, now=ctx.now, limited=limited, how=PASSWORD)
        if limited != CODE:
            note_sign_in(connection, account, PASSWORD, user_agent=user_agent_of(ctx), now=ctx.now)
        known = take_over(connection, ctx, account, session)
    return signed_in(ctx, FIRST.get(limited or "", "/"), session=session, known=known)


@get("/signin/link/{token}", who=PUBLIC)
def link_page(ctx: Ctx, token: str) -> Response:
    """A link only opens a page: programs that follow links in mails spend nothing."""
    with ctx.reading() as connection:
        mine = session_of_link(connection, token, browser=ctx.browser, now=ctx.now)
        good = mine is not None or link_is_good(connection, token, now=ctx.now)
        asks = mine is None and link_asks_for_code(connection, token)
    return render(
        ctx, "pages/signin_link.html", status=200 if good else 404, token=token, good=good, asks=asks, error=None
    )


@post("/signin/link/{token}", who=PUBLIC, dated=False)
def sign_in_by_link(ctx: Ctx, form: SessionForm, token: str) -> Response:
    """Signs in once. The second click of a double click is shown what the first one did. A wrong code spends nothing."""
    code = form.one("code")
    shown: dict[str, Any] = {"token": token, "good": True, "asks": True}
    if wait := wait_before_code_of_link(ctx, token, code):
        return too_early(ctx, "pages/signin_link.html", wait, **shown, error="signin.too_many_tries")
    try:
        with transaction(ctx.engine) as connection:
            used = use_link(connection, token, browser=ctx.browser, now=ctx.now, code=code, demo=ctx.office.demo)
            known = take_over(connection, ctx, used.account, used.session) if used else ""
            if used is not None and used.new and not used.waits:
                note_sign_in(connection, used.account, LINK, user_agent=user_agent_of(ctx), now=ctx.now)
    except WrongCode:
        return render(ctx, "pages/signin_link.html", status=422, **shown, error="signin.wrong_code", seconds=0)
    if used is None:
        return render(ctx, "pages/signin_link.html", status=404, token=token, good=False, asks=False, error=None)
    return signed_in(ctx, "/password" if used.once else "/", session=used.session, known=known)


@post("/signout", who=PUBLIC, dated=False)
def sign_out(ctx: Ctx, form: SessionForm) -> Response:  # noqa: ARG001 (the form's token is checked by asking for it)
    return end(ctx, see_other("/"))


@get("/password", who=STAFF)
def password_form(ctx: Ctx) -> Response:
    return _password_page(ctx)


@post("/password", who=STAFF, dated=False)
def change_password(ctx: Ctx, form: Form) -> Response:
    errors = _errors_of_new(ctx, form)
    if changes := _has_to_give_old(ctx):
        old = form.one("old")
        if not old:
            errors = {"old": "password.old_missing", **errors}
        elif wait := wait_before_choosing(ctx, ctx.me.id, old):
            return too_early(
                ctx, "pages/password.html", wait, **_password_values(ctx, {"old": "signin.too_many_tries"})
            )
        elif not _gave_old(ctx, ctx.me.id, old):
            errors = {"old": "password.old_wrong", **errors}
    if errors:
        return _password_page(ctx, errors=errors, status=422)
    hashed = hash_password(form.one("password"))
    with transaction(ctx.engine) as connection:
        set_password(connection, ctx.me.id, hashed, now=ctx.now, actor=ctx.actor)
        session = begin_session(connection, account=ctx.me.id, now=ctx.now, limited=ctx.limited)
    # Whoever has chosen their first one goes on to their work.
    answer = see_other("/account", done="password_changed") if changes else see_other("/")
    return start(answer, session, ctx.site.settings)


def _errors_of_new(ctx: Context, form: Posted) -> dict[str, str]:
    password, again = form.one("password"), form.one("again")
    if fault := fault_of_password(password, about=_about(ctx)):
        return {"password": fault}
    return {} if same_password(password, again) else {"again": "password.not_the_same"}


def _about(ctx: Context) -> tuple[str, ...]:
    """What somebody who knows this person would try first."""
    with ctx.reading() as connection:
        login = sign_in_name_of(connection, ctx.me.id)
    own = (login, ctx.me.name, ctx.me.email, ctx.me.unit_name)
    return (*own, ctx.office.name, ctx.office.short_name)


def _has_to_give_old(ctx: Context) -> bool:
    with ctx.reading() as connection:
        return has_to_give_password(connection, cookie_of(ctx.request, SESSION_COOKIE))


def _gave_old(ctx: Context, account: AccountId, old: str) -> bool:
    with transaction(ctx.engine) as connection:
        right = check_own_password(connection, account, old)
        if right:
            own_password_was_right(connection, account)
    return right


def _password_page(ctx: Context, *, errors: dict[str, str] | None = None, status: int = 200) -> Response:
    return render(ctx, "pages/password.html", status=status, seconds=0, **_password_values(ctx, errors or {}))


def _password_values(ctx: Context, errors: dict[str, str]) -> dict[str, Any]:
    with ctx.reading() as connection:
        login = sign_in_name_of(connection, ctx.me.id)
    asks_old = _has_to_give_old(ctx)
    return {"errors": errors, "login": login, "least": MIN_PASSWORD, "most": MAX_PASSWORD, "asks_old": asks_old}


def signin_page(ctx: Context, *, login: str, error: str | None = None) -> Response:
    shown = {"login": login, "error": error, "seconds": 0, **also_offered(ctx)}
    return render(ctx, "pages/signin.html", status=422 if error else 200, **shown)


def also_offered(ctx: Context) -> dict[str, Any]:
    """What one may sign in with instead of a password."""
    return {"passkeys": passkeys_are_offered(ctx), "unified": is_offered(ctx.site.settings)}


def user_agent_of(ctx: Context) -> str:
    return ctx.request.headers.get("user-agent", "")


def take_over(connection: Connection, ctx: Context, account: AccountId, session: str) -> str:
    """The browser has this session and no other, and is known as one of the account's; returns the token of that."""
    old = cookie_of(ctx.request, SESSION_COOKIE)
    if old and old != session:
        end_session(connection, old)  # the one it leaves behind must not live on
    return remember_browser(connection, cookie_of(ctx.request, KNOWN_COOKIE), account, now=ctx.now)


def signed_in(ctx: Context, path: str, *, session: str, known: str) -> Response:
    settings = ctx.site.settings
    return start(make_known(see_other(path), known, settings), session, settings)
