"""Webhooks: the addresses that an account has set, how their deliveries go, setting one and ending one."""

from dataclasses import dataclass

from starlette.responses import Response

from cases.feed import last_place
from infra.asking import NotAnswered, read_address
from infra.db import transaction
from ledger.chain import OFFICE_STREAM, lock_head
from people.office_keys import LINKS, secret_of_office
from people.signin import sign_in_name_of
from people.webhooks import MOST_HOOKS, Hook, TooManyHooks, end_hook, hooks_of, set_hook
from web.access import CASE_STAFF, RowId, get, post
from web.context import Context, Ctx
from web.own_password import asks_password, fault_of_own_password
from web.pages import render, see_other
from web.posted import Form

#: How the code of a refused delivery begins, before the status that the other side gave.
STATUS = "status_"


@dataclass(frozen=True, slots=True, kw_only=True)
class HookView:
    id: int
    address: str
    since: str
    delivered: str | None
    failing: str | None  #: since when
    error: str | None  #: the code of its words
    status: str  #: what the other side answered, if that is why


@get("/account/webhooks", who=CASE_STAFF)
def webhooks_page(ctx: Ctx) -> Response:
    return _page(ctx)


@post("/account/webhooks", who=CASE_STAFF)
def set_one(ctx: Ctx, form: Form) -> Response:
    """Shows the secret, this once. The form that was sent twice shows it twice."""
    own, address, request = ctx.me, form.one("address").strip(), form.form_id
    try:
        read_address(address, may_be_inside=ctx.site.settings.webhooks_inside)
    except NotAnswered:
        return _page(ctx, address=address, error=("address", "webhook.address"), status=422)
    if wrong := fault_of_own_password(ctx, own.id, form.one("password")):
        code, seconds = wrong
        status = 429 if seconds else 422
        return _page(ctx, address=address, error=("password", code), seconds=seconds, status=status)
    try:
        with transaction(ctx.engine) as connection:
            lock_head(connection, OFFICE_STREAM)  # a double click waits here
            key = secret_of_office(connection, ctx.site.settings.home, LINKS, now=ctx.now)
            place = last_place(connection)
            secret = set_hook(connection, own, address, key=key, place=place, now=ctx.now, request=request)
    except TooManyHooks:
        return _page(ctx, address=address, error=("address", "webhook.too_many"), status=422)
    return render(ctx, "pages/new_webhook.html", secret=secret, address=address)


@post("/account/webhooks/{hook}/end", who=CASE_STAFF, dated=False)
def end_one(ctx: Ctx, form: Form, hook: RowId) -> Response:  # noqa: ARG001 (the form's token is checked by asking for it)
    with transaction(ctx.engine) as connection:
        end_hook(connection, ctx.me.id, hook, actor=ctx.actor, now=ctx.now)
    return see_other("/account/webhooks", done="webhook_ended")


def _page(
    ctx: Context, *, address: str = "", error: tuple[str, str] | None = None, seconds: int = 0, status: int = 200
) -> Response:
    own, asks = ctx.me, asks_password(ctx)
    with ctx.reading() as connection:
        hooks = [_view(one, ctx) for one in hooks_of(connection, own.id)]
        login = sign_in_name_of(connection, own.id)
    return render(
        ctx, "pages/webhooks.html", status=status, hooks=hooks, address=address, error=error, seconds=seconds,
        asks_password=asks, login=login, most=MOST_HOOKS,
    )  # fmt: skip


def _view(one: Hook, ctx: Context) -> HookView:
    since, delivered, failing = (
        ctx.minute(at) if at else None for at in (one.created_at, one.delivered_at, one.failing_since)
    )
    error = one.last_error or ""
    refused = error.startswith(STATUS)
    return HookView(
        id=one.id, address=one.address, since=since or "", delivered=delivered, failing=failing,
        error=f"webhook_error.{'status' if refused else error}" if error else None,
        status=error.removeprefix(STATUS) if refused else "",
    )  # fmt: skip
