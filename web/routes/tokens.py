"""Access tokens: what the owner of an account gives to programs, and takes back; the administrator ends all of one account."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.responses import Response

from infra.db import transaction
from ledger.chain import OFFICE_STREAM, lock_head
from people.directory import find_account
from people.signin import sign_in_name_of
from people.tokens import (
    LASTS_DAYS,
    LONGEST_NAME,
    MOST_TOKENS,
    SCOPES,
    TooManyTokens,
    end_token,
    end_tokens_of,
    issue_token,
    tokens_of,
)
from web.access import ADMINISTRATION, STAFF, RowId, get, post
from web.context import Context, Ctx, NoSuchPage
from web.own_password import asks_password, fault_of_own_password
from web.pages import render, see_other
from web.posted import Form, Posted
from web.presenters.own_account import token_view
from workflow.model import AccountId
from workflow.unseen import seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What was typed for a new token, and what is wrong with it, by field."""

    name: str = ""
    scopes: tuple[str, ...] = ()
    days: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)
    seconds: int = 0


@get("/account/tokens", who=STAFF)
def tokens_page(ctx: Ctx) -> Response:
    return _page(ctx, Typed())


@post("/account/tokens", who=STAFF)
def issue(ctx: Ctx, form: Form) -> Response:
    """Shows the token, this once. The form that was sent twice shows it twice."""
    own, typed, request = ctx.me, _typed(form), form.form_id
    if typed.errors:
        return _page(ctx, typed, status=422)
    if wrong := fault_of_own_password(ctx, own.id, form.one("password")):
        code, seconds = wrong
        again = Typed(name=typed.name, scopes=typed.scopes, days=typed.days, errors={"password": code}, seconds=seconds)
        return _page(ctx, again, status=429 if seconds else 422)
    try:
        with transaction(ctx.engine) as connection:
            lock_head(connection, OFFICE_STREAM)  # a double click waits here
            token = issue_token(
                connection, own, name=typed.name, scopes=typed.scopes, days=int(typed.days), now=ctx.now, request=request
            )  # fmt: skip
    except TooManyTokens:
        full = Typed(name=typed.name, scopes=typed.scopes, days=typed.days, errors={"name": "token.too_many"})
        return _page(ctx, full, status=422)
    return render(ctx, "pages/new_token.html", token=token)


@post("/account/tokens/end", who=STAFF, dated=False)
def end(ctx: Ctx, form: Form) -> Response:
    with transaction(ctx.engine) as connection:
        end_token(connection, ctx.me.id, form.one("token"), actor=ctx.actor, now=ctx.now)
    return see_other("/account/tokens", done="token_ended")


@post("/people/{account}/tokens/end", who=ADMINISTRATION, dated=False)
def end_all(ctx: Ctx, form: Form, account: RowId) -> Response:  # noqa: ARG001 (the form's token is checked by asking for it)
    with transaction(ctx.engine) as connection:
        if find_account(connection, account) is None:
            raise NoSuchPage
        end_tokens_of(connection, AccountId(account), actor=ctx.actor, now=ctx.now)
    return see_other(f"/people?account={account}", done="tokens_ended")


def _typed(form: Posted) -> Typed:
    name, days = seen(form.one("name")), form.one("days")
    scopes = tuple(scope for scope in SCOPES if scope in form.values.get("scopes", ()))
    errors = {}
    if not name or len(name) > LONGEST_NAME:
        errors["name"] = "token.name"
    if not scopes:
        errors["scopes"] = "token.scopes"
    if days not in map(str, LASTS_DAYS):
        errors["days"] = "token.days"
    return Typed(name=name, scopes=scopes, days=days, errors=errors)


def _page(ctx: Context, typed: Typed, *, status: int = 200) -> Response:
    own, asks = ctx.me, asks_password(ctx)
    with ctx.reading() as connection:
        tokens = [token_view(one, ctx) for one in tokens_of(connection, own.id, now=ctx.now)]
        login = sign_in_name_of(connection, own.id)
    return render(
        ctx, "pages/tokens.html", status=status, tokens=tokens, typed=typed, asks_password=asks, login=login,
        scopes=SCOPES, lasts=LASTS_DAYS, most=MOST_TOKENS, longest=LONGEST_NAME,
    )  # fmt: skip
