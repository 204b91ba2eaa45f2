"""What an account has beside the role and unit it was made with, for the administrator."""

from typing import Any

from sqlalchemy import Connection
from starlette.responses import Response

from cases.holdings import left_behind
from infra.db import transaction
from ledger.chain import request_key, wait_for_key
from people.asked import GivePost
from people.directory import all_units, find_account
from people.posts import SINGLE, Held, end_post, give_post, is_done, places, posts_of
from web.access import ADMINISTRATION, STAFF, RowId, get, post
from web.context import Context, Ctx, NoSuchPage
from web.forms import Choices, FormIsWrong, FormView, Option, blank_form, form_again, read_form, with_errors
from web.pages import render, see_other
from web.posted import Form
from web.presenters.posts import post_view
from workflow.model import HOLDERS, AccountId, Reason, Refusal, Role

#: What an account can be beside what it was made for.
SECOND_ROLES = tuple(role for role in Role if role in STAFF - SINGLE)


@get("/people/{account}/posts", who=ADMINISTRATION)
def posts(ctx: Ctx, account: RowId) -> Response:
    with ctx.reading() as connection:
        return _page(connection, ctx, account, blank_form(GivePost, _choices(connection)))


@post("/people/{account}/posts", who=ADMINISTRATION)
def give_a_post(ctx: Ctx, form: Form, account: RowId) -> Response:
    with ctx.reading() as connection:
        _account(connection, account)
        choices = _choices(connection)
    typed = form.fields()
    try:
        command = read_form(GivePost, typed, choices, zone=ctx.office.policy.calendar.zone)
        assert isinstance(command, GivePost)
        with transaction(ctx.engine) as connection:
            once = request_key(form.form_id)
            wait_for_key(connection, once)
            if not is_done(
                connection,
                once,
                {"account": account, "for": None, "role": command.post_role.value, "unit": command.post_unit},
            ):  # the same form sent twice has given one
                give_post(
                    connection, AccountId(account), role=command.post_role, unit=command.post_unit, actor=ctx.actor,
                    now=ctx.now, key=once,
                )  # fmt: skip
    except (FormIsWrong, Refusal) as error:
        wrong = form_again(GivePost, typed, choices, error)
        with ctx.reading() as connection:
            return _page(connection, ctx, account, wrong, status=422)
    return see_other(f"/people/{account}/posts", done="post_given")


@post("/people/{account}/posts/{number}/end", who=ADMINISTRATION)
def end_a_post(ctx: Ctx, form: Form, account: RowId, number: RowId) -> Response:  # noqa: ARG001 (the form's token is checked by asking for it)
    """Takes a post away, once nothing is in hand in it; who stands in for whom is not the administrator's to say. Once is as good
    as twice."""
    with transaction(ctx.engine) as connection:
        _account(connection, account)
        own = {one.id: one for one in posts_of(connection, AccountId(account)) if one.stands_in_for is None}
        left = _left_behind(connection, own[number]) if number in own else 0
        if number in own and not left:
            end_post(connection, number, actor=ctx.actor, now=ctx.now)
    if left:
        with ctx.reading() as connection:
            wrong = with_errors(
                blank_form(GivePost, _choices(connection)), [Reason(code="post.leaves_matters", values={"n": left})]
            )
            return _page(connection, ctx, account, wrong, status=422)
    return see_other(f"/people/{account}/posts", done="post_ended")


def _left_behind(connection: Connection, post: Held) -> int:
    """How many matters would be left with somebody who has no post for them any more."""
    if post.role not in HOLDERS:
        return 0
    others = [one for one in places(connection) if one.account == post.account and one.post != post.id]
    last = post.role is Role.MEDIATOR and all(one.role is not Role.MEDIATOR for one in others)
    stays = any(one.unit == post.unit and one.role in HOLDERS for one in others)
    return left_behind(connection, post.account, unit=post.unit, last_as_mediator=last) if last or not stays else 0


def _page(connection: Connection, ctx: Context, account: int, form: FormView, *, status: int = 200) -> Response:
    found = _account(connection, account)
    rows = [post_view(one, ctx) for one in posts_of(connection, AccountId(account))]
    return render(
        ctx, "pages/posts.html", status=status, account=found, rows=rows, form=form,
        single=Role(found.role) in SINGLE,
    )  # fmt: skip


def _choices(connection: Connection) -> Choices:
    return {
        "roles": tuple(Option(value=role.value, code=f"role.{role.value}") for role in SECOND_ROLES),
        "units": tuple(
            Option(value=str(unit.id), text=unit.name) for unit in all_units(connection) if unit.closed_at is None
        ),
    }


def _account(connection: Connection, account: int) -> Any:
    found = find_account(connection, account)
    if found is None:
        raise NoSuchPage
    return found
