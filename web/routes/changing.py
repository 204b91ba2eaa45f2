"""What an account or a unit is called and where it belongs, changed by the administrator; closing and reopening a unit."""

from collections.abc import Callable
from functools import partial
from typing import Any

from sqlalchemy import Connection
from starlette.responses import Response

from cases.holdings import held_by_unit, holdings_of
from infra.db import transaction
from ledger.chain import OFFICE_STREAM, lock_head, wait_for_key
from people.asked import Move, Rename
from people.directory import TREE, all_units, find_account
from people.proposals import MOVE, RENAME, ask, do, needs_second
from people.tokens import tokens_of
from people.units import close_unit, move_unit, rename_unit, reopen_unit
from web.access import ADMINISTRATION, RowId, get, post
from web.context import Context, Ctx, NoSuchPage
from web.forms import Choices, FormIsWrong, FormView, Option, blank_form, form_again, read_form
from web.pages import render, see_other
from web.posted import Form, Posted
from workflow.commands import Command
from workflow.model import AccountId, Reason, Refusal, Role, UnitId

# -- accounts ---------------------------------------------------------------------------------------------------------


@get("/people/{account}/change", who=ADMINISTRATION)
def change_account(ctx: Ctx, account: RowId) -> Response:
    with ctx.reading() as connection:
        return _account_page(connection, ctx, account=account)


@post("/people/{account}/name", who=ADMINISTRATION)
def rename_an_account(ctx: Ctx, form: Form, account: RowId) -> Response:
    def write(connection: Connection, command: Command) -> str:
        assert isinstance(command, Rename)
        return _by_two_or_one(connection, ctx, account, RENAME, {"name": command.new_name})

    return _changed(ctx, form, Rename, write, partial(_account_page, account=account))


@post("/people/{account}/unit", who=ADMINISTRATION)
def move_an_account(ctx: Ctx, form: Form, account: RowId) -> Response:
    def write(connection: Connection, command: Command) -> str:
        assert isinstance(command, Move)
        held = holdings_of(connection, AccountId(account))
        if held.holds + held.serves:
            raise Refusal((Reason(code="move.leaves_matters", field="below", values={"n": held.holds + held.serves}),))
        return _by_two_or_one(connection, ctx, account, MOVE, {"unit": str(command.below)})

    return _changed(ctx, form, Move, write, partial(_account_page, account=account))


def _by_two_or_one(connection: Connection, ctx: Context, account: int, act: str, data: dict[str, str]) -> str:
    """Where it leads: for an auditor or an administrator a second person is asked."""
    found = _account(connection, account)
    asks = needs_second(connection, act, role=Role(found.role), actor=ctx.actor)
    (ask if asks else do)(connection, act, account=AccountId(account), data=data, actor=ctx.actor, now=ctx.now)
    return f"/people?account={account}&done={'second_asked' if asks else 'account_changed'}"


def _account_page(
    connection: Connection, ctx: Context, wrong: FormView | None = None, status: int = 200, *, account: int
) -> Response:
    found = _account(connection, account)
    forms = _forms(_open_units(connection, but_not={found.unit_id}), name=found.name, wrong=wrong)
    tokens = len(tokens_of(connection, AccountId(account), now=ctx.now))
    return render(ctx, "pages/change_account.html", status=status, account=found, forms_=forms, tokens=tokens)


def _account(connection: Connection, account: int) -> Any:
    found = find_account(connection, account)
    if found is None or not found.active:
        raise NoSuchPage
    return found


# -- units ------------------------------------------------------------------------------------------------------------


@get("/people/units/{unit}", who=ADMINISTRATION)
def change_unit(ctx: Ctx, unit: RowId) -> Response:
    with ctx.reading() as connection:
        return _unit_page(connection, ctx, unit=unit)


@post("/people/units/{unit}/name", who=ADMINISTRATION)
def rename_a_unit(ctx: Ctx, form: Form, unit: RowId) -> Response:
    def write(connection: Connection, command: Command) -> str:
        assert isinstance(command, Rename)
        rename_unit(connection, _id(connection, unit), command.new_name, actor=ctx.actor, now=ctx.now)
        return f"/people?unit={unit}&done=unit_changed"

    return _changed(ctx, form, Rename, write, partial(_unit_page, unit=unit))


@post("/people/units/{unit}/place", who=ADMINISTRATION)
def move_a_unit(ctx: Ctx, form: Form, unit: RowId) -> Response:
    def write(connection: Connection, command: Command) -> str:
        assert isinstance(command, Move)
        move_unit(connection, _id(connection, unit), command.below, actor=ctx.actor, now=ctx.now)
        return f"/people?unit={unit}&done=unit_changed"

    return _changed(ctx, form, Move, write, partial(_unit_page, unit=unit))


@post("/people/units/{unit}/close", who=ADMINISTRATION)
def close_a_unit(ctx: Ctx, form: Form, unit: RowId) -> Response:  # noqa: ARG001 (the form's token is checked by asking for it)
    try:
        with transaction(ctx.engine) as connection:
            wait_for_key(connection, TREE)
            lock_head(connection, OFFICE_STREAM)
            number = _id(connection, unit)
            close_unit(connection, number, open_cases=held_by_unit(connection, number), actor=ctx.actor, now=ctx.now)
    except Refusal as refusal:
        with ctx.reading() as connection:
            return _unit_page(connection, ctx, unit=unit, why_not=refusal.reasons, status=422)
    return see_other(f"/people?unit={unit}", done="unit_closed")


@post("/people/units/{unit}/reopen", who=ADMINISTRATION)
def reopen_a_unit(ctx: Ctx, form: Form, unit: RowId) -> Response:  # noqa: ARG001 (the form's token is checked by asking for it)
    with transaction(ctx.engine) as connection:
        reopen_unit(connection, _id(connection, unit), actor=ctx.actor, now=ctx.now)
    return see_other(f"/people?unit={unit}", done="unit_changed")


def _unit_page(
    connection: Connection, ctx: Context, wrong: FormView | None = None, status: int = 200, *, unit: int,
    why_not: tuple[Reason, ...] = (),
) -> Response:  # fmt: skip
    found = _unit(connection, unit)
    forms = _forms(_open_units(connection, but_not={unit, found.parent_id}), name=found.name, wrong=wrong)
    return render(ctx, "pages/change_unit.html", status=status, unit=found, forms_=forms, why_not=why_not)


def _unit(connection: Connection, unit: int) -> Any:
    found = next((one for one in all_units(connection) if one.id == unit), None)
    if found is None:
        raise NoSuchPage
    return found


def _id(connection: Connection, unit: int) -> UnitId:
    return UnitId(_unit(connection, unit).id)


# -- both -------------------------------------------------------------------------------------------------------------


def _changed(
    ctx: Context, form: Posted, kind: type[Command], write: Callable[[Connection, Command], str],
    again: Callable[..., Response],
) -> Response:  # fmt: skip
    """Writes what was typed and goes where that leads; a wrong form comes back as it was typed."""
    with ctx.reading() as connection:
        choices = _open_units(connection)
    typed = form.fields()
    try:
        command = read_form(kind, typed, choices, zone=ctx.office.policy.calendar.zone)
        with transaction(ctx.engine) as connection:
            lock_head(connection, OFFICE_STREAM)
            return see_other(write(connection, command))
    except (FormIsWrong, Refusal) as error:
        wrong = form_again(kind, typed, choices, error)
    with ctx.reading() as connection:
        return again(connection, ctx, wrong, 422)


def _forms(choices: Choices, *, name: str, wrong: FormView | None) -> dict[str, FormView]:
    forms = {"Rename": blank_form(Rename, choices, preset={"new_name": name}), "Move": blank_form(Move, choices)}
    return forms | ({wrong.command: wrong} if wrong else {})


def _open_units(connection: Connection, *, but_not: set[int | None] | None = None) -> Choices:
    units = (one for one in all_units(connection) if one.closed_at is None and one.id not in (but_not or ()))
    return {"units": tuple(Option(value=str(one.id), text=one.name) for one in units)}
