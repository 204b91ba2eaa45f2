"""Passkeys: signing in with one, and one's own: adding, naming, removing. The page that asks a device runs a script; every other
page does without, and so does whoever has no passkey."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection
from starlette.responses import Response

from infra.db import transaction
from people.factors import has_factor, use_factor
from people.passkeys import (
    LONGEST_NAME,
    MOST,
    add_passkey,
    begin_adding,
    begin_sign_in,
    passkeys_of,
    remove_passkey,
    rename_passkey,
    use_passkey,
)
from people.sign_ins import PASSKEY, note_sign_in
from people.signin import begin_session, check_own_password, has_to_give_password, sign_in_name_of
from web.access import PUBLIC, STAFF, get, post
from web.context import SESSION_COOKIE, Context, Ctx, NoSuchPage, cookie_of
from web.pages import render, render_with_script, see_other, whole_seconds
from web.passkey_place import passkey_place, passkeys_are_offered
from web.posted import Form, Posted, SessionForm
from web.routes.signin import signed_in, signin_page, take_over, user_agent_of
from web.slowing import (
    factor_was_right,
    own_password_was_right,
    wait_before_choosing,
    wait_before_factor,
)
from workflow.model import AccountId, Json

ANSWER = "answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why something was not done: the code of its words, and how many seconds there are to wait."""

    code: str
    status: int = 422
    seconds: int = 0


# -- signing in -------------------------------------------------------------------------------------------------------


@post("/signin/passkey", who=PUBLIC, dated=False)
def ask_device(ctx: Ctx, form: SessionForm) -> Response:  # noqa: ARG001 (the form's token is checked by asking for it)
    place = passkey_place(ctx)
    with transaction(ctx.engine) as connection:
        options = begin_sign_in(connection, place, browser=ctx.browser, now=ctx.now)
    return render_with_script(
        ctx, "pages/passkey.html", does="get", options=options, to="/signin/passkey/answer", name=""
    )


@post("/signin/passkey/answer", who=PUBLIC, dated=False)
def sign_in_by_passkey(ctx: Ctx, form: SessionForm) -> Response:
    """A passkey asks its owner who they are: nothing more comes first. What is no answer has spent its challenge."""
    place, known = passkey_place(ctx), ""
    with transaction(ctx.engine) as connection:
        used = use_passkey(connection, form.one(ANSWER), place, browser=ctx.browser, now=ctx.now)
        if used is not None:
            session = begin_session(connection, account=used.account, now=ctx.now, spent=used.spent, how=PASSKEY)
            known = take_over(connection, ctx, used.account, session)
            note_sign_in(connection, used.account, PASSKEY, user_agent=user_agent_of(ctx), now=ctx.now)
    if used is None:
        return signin_page(ctx, login="", error="signin.passkey_refused")
    return signed_in(ctx, "/", session=session, known=known)


# -- one's own --------------------------------------------------------------------------------------------------------


@get("/account/passkeys", who=STAFF)
def passkeys_page(ctx: Ctx) -> Response:
    return _page(ctx)


@post("/account/passkeys/begin", who=STAFF)
def begin(ctx: Ctx, form: Form) -> Response:
    """Asks the device for a new one, once its owner has proved to be there."""
    account, place, name = ctx.me.id, passkey_place(ctx), _name(form)
    with ctx.reading() as connection:
        login, full = sign_in_name_of(connection, account), len(passkeys_of(connection, account)) >= MOST
    options = ""
    fault = _fault_of(name) or (Fault(code="passkey.too_many") if full else _fault_of_waiting(ctx, form))
    if not fault:
        with transaction(ctx.engine) as connection:
            spent = _proved(connection, ctx, form)
            if spent is not None:
                options = begin_adding(
                    connection, account, place, browser=ctx.browser, login=login, office=ctx.office.name, actor=ctx.actor,
                    now=ctx.now, spent=spent,
                )  # fmt: skip
    if not options:
        return _page(ctx, fault=fault or _wrong(ctx), name=name)
    return render_with_script(
        ctx, "pages/passkey.html", does="create", options=options, to="/account/passkeys", name=name
    )


@post("/account/passkeys", who=STAFF)
def add(ctx: Ctx, form: Form) -> Response:
    account, place, name = ctx.me.id, passkey_place(ctx), _name(form)
    if fault := _fault_of(name):
        return _page(ctx, fault=fault, name=name)
    with transaction(ctx.engine) as connection:
        added = add_passkey(
            connection, account, form.one(ANSWER), place, browser=ctx.browser, name=name, actor=ctx.actor, now=ctx.now
        )
    if not added:
        return _page(ctx, fault=Fault(code="passkey.not_added"), name=name)
    return see_other("/account/passkeys", done="passkey_added")


@post("/account/passkeys/rename", who=STAFF)
def rename(ctx: Ctx, form: Form) -> Response:
    account, name = ctx.me.id, _name(form)
    if fault := _fault_of(name):
        return _page(ctx, fault=fault)
    with transaction(ctx.engine) as connection:
        if not rename_passkey(connection, account, form.one("passkey"), name, actor=ctx.actor, now=ctx.now):
            raise NoSuchPage
    return see_other("/account/passkeys", done="passkey_renamed")


@post("/account/passkeys/remove", who=STAFF)
def remove(ctx: Ctx, form: Form) -> Response:
    """Once is as good as twice."""
    account, one = ctx.me.id, form.one("passkey")
    with ctx.reading() as connection:
        there = one in {kept.id for kept in passkeys_of(connection, account)}
    if there:
        if fault := _fault_of_waiting(ctx, form):
            return _page(ctx, fault=fault)
        with transaction(ctx.engine) as connection:
            spent = _proved(connection, ctx, form)
            if spent is not None:
                remove_passkey(connection, account, one, actor=ctx.actor, now=ctx.now, spent=spent)
        if spent is None:
            return _page(ctx, fault=_wrong(ctx))
    return see_other("/account/passkeys", done="passkey_removed")


def _page(ctx: Context, *, fault: Fault | None = None, name: str = "") -> Response:
    account = ctx.me.id
    with ctx.reading() as connection:
        found = [
            {"id": one.id, "name": one.name, "since": ctx.minute(one.created_at), "used": one.used_at and ctx.minute(one.used_at)}
            for one in passkeys_of(connection, account)
        ]  # fmt: skip
        proof = _proof(connection, ctx, account)
    values: dict[str, Any] = {"passkeys": found, "proof": proof, "name": name, "most": MOST, "longest": LONGEST_NAME}
    return render(
        ctx, "pages/passkeys.html", status=fault.status if fault else 200, fault=fault and fault.code,
        seconds=fault.seconds if fault else 0, offered=passkeys_are_offered(ctx), **values,
    )  # fmt: skip


# -- that it is the owner ---------------------------------------------------------------------------------------------


def _proof(connection: Connection, ctx: Context, account: AccountId) -> str | None:
    """What the owner gives besides the session: a code of the second factor, else the password; nothing of whoever has
    neither, or has forgotten the password and came by a link."""
    if has_factor(connection, account):
        return "code"
    return "password" if has_to_give_password(connection, cookie_of(ctx.request, SESSION_COOKIE)) else None


def _fault_of_waiting(ctx: Context, form: Posted) -> Fault | None:
    """Counts a try of the proof before it is looked at."""
    account, given = ctx.me.id, form.one("proof")
    with ctx.reading() as connection:
        proof = _proof(connection, ctx, account)
    if proof is None:
        return None
    left = (wait_before_factor if proof == "code" else wait_before_choosing)(ctx, account, given)
    return Fault(code="signin.too_many_tries", status=429, seconds=whole_seconds(left)) if left else None


def _proved(connection: Connection, ctx: Context, form: Posted) -> dict[str, Json] | None:
    """What an event has to vouch for because it was spent for this; None if the proof is wrong."""
    account, given = ctx.me.id, form.one("proof")
    match _proof(connection, ctx, account):
        case "code":
            spent = use_factor(connection, account, given, now=ctx.now)
            if spent is not None:
                factor_was_right(connection, account)
            return spent
        case "password" if not check_own_password(connection, account, given):
            return None
        case "password":
            own_password_was_right(connection, account)
    return {}


def _wrong(ctx: Context) -> Fault:
    with ctx.reading() as connection:
        return Fault(code="factor.wrong_code" if _proof(connection, ctx, ctx.me.id) == "code" else "password.old_wrong")


# -- what was sent ----------------------------------------------------------------------------------------------------


def _name(form: Posted) -> str:
    return " ".join(form.one("name").split())


def _fault_of(name: str) -> Fault | None:
    if not name:
        return Fault(code="passkey.name_missing")
    return Fault(code="passkey.name_too_long") if len(name) > LONGEST_NAME else None
