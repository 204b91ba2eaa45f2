"""Signing in and out: by password, or by a one-time link that opens a page with a button."""

from limits import parse
from sqlalchemy import Connection
from starlette.responses import Response

from cases.crossings import TIMERS
from cases.ledger import NewEvent, append_to_office
from infra.db import reading, transaction
from people.directory import person
from people.signin import (
    MIN_PASSWORD,
    begin_session,
    check_password,
    end_session,
    hash_password,
    link_is_good,
    set_password,
    use_link,
)
from web.access import PUBLIC, STAFF, get, post
from web.context import SESSION_COOKIE, Context, Ctx, NoSuchPage
from web.cookies import end, start
from web.pages import render, see_other
from web.posted import Form
from web.slowing import allowed
from workflow.model import AccountId

TRIES_BY_ADDRESS = parse("20/5 minutes")
TRIES_BY_NAME = parse("6/5 minutes")


@get("/signin", who=PUBLIC)
def signin_form(ctx: Ctx) -> Response:
    return render(ctx, "pages/signin.html", login="", error=None)


@post("/signin", who=PUBLIC)
def sign_in(ctx: Ctx, form: Form) -> Response:
    login = form.one("login").strip()
    if not (allowed(TRIES_BY_ADDRESS, "signin", ctx.request) and allowed(TRIES_BY_NAME, "signin", login)):
        return render(ctx, "pages/signin.html", status=429, login=login, error="signin.too_many_tries")
    with reading(ctx.engine) as connection:
        account = check_password(connection, login, form.one("password"))
    if account is None:
        return render(ctx, "pages/signin.html", status=422, login=login, error="signin.unknown")
    return _begin(ctx, account)


@get("/signin/link/{token}", who=PUBLIC)
def link_page(ctx: Ctx, token: str) -> Response:
    """A link only opens a page: programs that follow links in mails spend nothing."""
    with reading(ctx.engine) as connection:
        good = link_is_good(connection, token, now=ctx.now)
    return render(ctx, "pages/signin_link.html", status=200 if good else 404, token=token, good=good)


@post("/signin/link/{token}", who=PUBLIC)
def sign_in_by_link(ctx: Ctx, form: Form, token: str) -> Response:  # noqa: ARG001 (the form's token is checked by asking for it)
    with transaction(ctx.engine) as connection:
        account = use_link(connection, token, now=ctx.now)
    if account is None:
        return render(ctx, "pages/signin_link.html", status=404, token=token, good=False)
    return _begin(ctx, account)


@post("/signout", who=PUBLIC)
def sign_out(ctx: Ctx, form: Form) -> Response:  # noqa: ARG001 (the form's token is checked by asking for it)
    return end(ctx, see_other("/"))


@get("/password", who=STAFF)
def password_form(ctx: Ctx) -> Response:
    return render(ctx, "pages/password.html", errors={}, least=MIN_PASSWORD)


@post("/password", who=STAFF)
def change_password(ctx: Ctx, form: Form) -> Response:
    if ctx.person is None:
        raise NoSuchPage
    password, again = form.one("password"), form.one("again")
    errors = {}
    if len(password) < MIN_PASSWORD or len(password) > 200:
        errors["password"] = "password.too_short"  # noqa: S105 (a message)
    elif password != again:
        errors["again"] = "password.not_the_same"
    if errors:
        return render(ctx, "pages/password.html", status=422, errors=errors, least=MIN_PASSWORD)
    hashed = hash_password(password)
    with transaction(ctx.engine) as connection:
        set_password(connection, ctx.person.id, hashed)
        _note(connection, ctx, "account:password_set", ctx.person.id)
    return see_other("/")


def _begin(ctx: Context, account: AccountId) -> Response:
    with transaction(ctx.engine) as connection:
        if old := ctx.request.cookies.get(SESSION_COOKIE):
            end_session(connection, old)  # a browser has one session; the one it leaves behind must not live on
        token = begin_session(connection, account=account, now=ctx.now)
        _note(connection, ctx, "session:begun", account)
    return start(see_other("/"), token, ctx.site.settings)


def _note(connection: Connection, ctx: Context, code: str, account: AccountId) -> None:
    who = person(connection, account)
    append_to_office(
        connection,
        NewEvent(
            code=code,
            occurred_at=ctx.now,
            recorded_at=ctx.now,
            actor=who.actor if who else TIMERS,
            data={"account": account},
        ),
    )
