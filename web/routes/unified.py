"""Signing in by way of somebody else's accounts (OpenID Connect), and connecting one's own with them.

A page says where the browser goes and has a link there: a form may lead nowhere but to this office, and somebody sees the name of the
place before they type a password at it.
"""

import logging
from urllib.parse import urlsplit

from starlette.responses import Response

from infra.db import transaction
from people.factors import comes_first
from people.identities import (
    CONNECT,
    SIGN_IN,
    NotIdentified,
    account_of,
    begin,
    come_back,
    connect,
    connected_of,
    disconnect,
    identity_in,
    is_offered,
    provider_of,
)
from people.sign_ins import UNIFIED, note_sign_in
from people.signin import CODE, begin_session, sign_in_name_of
from web.access import PUBLIC, STAFF, get, post
from web.context import FIRST, Context, Ctx, NoSuchPage
from web.own_password import asks_password, fault_of_own_password
from web.pages import render, see_other
from web.posted import Form, SessionForm
from web.routes.signin import signed_in, signin_page, take_over, user_agent_of
from workflow.model import AccountId

log = logging.getLogger(__name__)

REFUSED, NO_ANSWER = "signin.unified_refused", "signin.unified_no_answer"


@post("/signin/unified", who=PUBLIC, dated=False)
def go(ctx: Ctx, form: SessionForm) -> Response:  # noqa: ARG001 (the form's token is checked by asking for it)
    _must_be_offered(ctx)
    try:
        return _way(ctx, SIGN_IN, None)
    except NotIdentified as error:
        log.warning("the other side does not answer", extra={"reason": error.code})
        return signin_page(ctx, login="", error=NO_ANSWER)


@get("/signin/unified/back", who=PUBLIC)
def come_again(ctx: Ctx, state: str = "", code: str = "") -> Response:
    """Where the other side sends the browser, with a code for us and the state that it was sent with. What is wrong with it is not
    said: nobody is told whether an account is connected."""
    _must_be_offered(ctx)
    with transaction(ctx.engine) as connection:
        went = come_back(connection, browser=ctx.browser, state=state, now=ctx.now)
    identity = _identity(ctx, code, went.secret) if went and code else None
    if went is not None and went.purpose == CONNECT:
        return _connected(ctx, went.account, identity)
    return _signed_in(ctx, identity)


@get("/account/unified", who=STAFF)
def own_identity(ctx: Ctx) -> Response:
    return _page(ctx)


@post("/account/unified", who=STAFF)
def begin_connecting(ctx: Ctx, form: Form) -> Response:
    own = ctx.me
    _must_be_offered(ctx)
    if wrong := fault_of_own_password(ctx, own.id, form.one("password")):
        code, seconds = wrong
        return _page(ctx, error=code, seconds=seconds, status=429 if seconds else 422)
    try:
        return _way(ctx, CONNECT, own.id)
    except NotIdentified as error:
        log.warning("the other side does not answer", extra={"reason": error.code})
        return _page(ctx, error=NO_ANSWER, status=422)


@post("/account/unified/end", who=STAFF, dated=False)
def end(ctx: Ctx, form: Form) -> Response:  # noqa: ARG001 (the form's token is checked by asking for it)
    with transaction(ctx.engine) as connection:
        disconnect(connection, ctx.me.id, actor=ctx.actor, now=ctx.now)
    return see_other("/account/unified", done="identity_removed")


def _way(ctx: Context, purpose: str, account: AccountId | None) -> Response:
    settings = ctx.site.settings
    provider = provider_of(settings)
    with transaction(ctx.engine) as connection:
        way = begin(connection, provider, settings, purpose=purpose, browser=ctx.browser, account=account, now=ctx.now)
    return render(ctx, "pages/unified_go.html", way=way, where=urlsplit(way).hostname)


def _identity(ctx: Context, code: str, secret: bytes) -> str | None:
    try:
        return identity_in(ctx.site.settings, code, secret, now=ctx.now)
    except NotIdentified as error:
        log.warning("nobody was identified", extra={"reason": error.code})
        return None


def _signed_in(ctx: Context, identity: str | None) -> Response:
    with transaction(ctx.engine) as connection:
        account = account_of(connection, identity, now=ctx.now) if identity else None
        if account is not None:
            limited = comes_first(connection, account, demo=ctx.office.demo)
            session = begin_session(connection, account=account, now=ctx.now, limited=limited, how=UNIFIED)
            if limited != CODE:
                note_sign_in(connection, account, UNIFIED, user_agent=user_agent_of(ctx), now=ctx.now)
            known = take_over(connection, ctx, account, session)
    if account is None:
        return signin_page(ctx, login="", error=REFUSED)
    return signed_in(ctx, FIRST.get(limited or "", "/"), session=session, known=known)


def _connected(ctx: Context, account: AccountId | None, identity: str | None) -> Response:
    """For whoever began it, in the same browser and still signed in."""
    if ctx.person is None or ctx.person.id != account:
        return signin_page(ctx, login="", error=REFUSED)
    done = False
    if identity is not None:
        with transaction(ctx.engine) as connection:
            done = connect(connection, ctx.person.id, identity, actor=ctx.actor, now=ctx.now)
    if not done:
        return _page(ctx, error="unified.not_connected", status=422)
    return see_other("/account/unified", done="identity_connected")


def _page(ctx: Context, *, error: str | None = None, seconds: int = 0, status: int = 200) -> Response:
    own = ctx.me
    _must_be_offered(ctx)
    with ctx.reading() as connection:
        connected, login = connected_of(connection, own.id), sign_in_name_of(connection, own.id)
    since = ctx.minute(connected.created_at) if connected else None
    used = ctx.minute(connected.used_at) if connected and connected.used_at else None
    return render(
        ctx, "pages/unified.html", status=status, error=error, seconds=seconds, since=since, used=used, login=login,
        asks_password=asks_password(ctx),
    )  # fmt: skip


def _must_be_offered(ctx: Context) -> None:
    if not is_offered(ctx.site.settings):
        raise NoSuchPage
