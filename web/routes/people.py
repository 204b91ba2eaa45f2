"""Units and accounts, for the administrator: whoever is added gets a one-time link (`web/links.py`). Closing and reopening an
account ask first: `account_closing.py`. Some of it waits for a second person: `second.py`."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import Connection
from starlette.responses import Response

from cases.repeats import FormWasUsed
from infra.addresses import fault_of_address
from infra.db import transaction
from infra.identifiers import read_sign_in_name
from ledger.chain import find_by_key, request_key, wait_for_key
from people.directory import (
    all_accounts,
    all_units,
    find_account,
)
from people.factors import may_be_lost
from people.proposals import ADD, CHANGE_EMAIL, RESET_FACTOR, ask, do, needs_second, typed_for
from people.staffing import LoginIsTaken
from people.units import UnitIsBelowAnother, add_unit, add_unit_above
from web.access import ADMINISTRATION, STAFF, RowId, get, post
from web.context import Context, Ctx, NoSuchPage
from web.links import Given, give_link
from web.pages import render, see_other
from web.posted import Form, FormIsMalformed, Posted
from workflow.model import AccountId, Json, Refusal, Role, UnitId
from workflow.unseen import seen

ROLES = tuple(role for role in Role if role in STAFF)
UNIT_KINDS = ("unit", "centre", "upstream")
#: What a place in the tree begins with when the new unit goes above the one that follows.
ABOVE = "above:"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """What was typed for a new account."""

    unit: str = ""
    role: str = ""
    login: str = ""
    name: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUnit:
    """What was typed for a new unit. `place` is the unit it belongs to, or `above:` and the one it goes above."""

    unit_name: str = ""
    kind: str = ""
    place: str = ""


@get("/people", who=ADMINISTRATION)
def people(ctx: Ctx, account: int | None = None, unit: int | None = None) -> Response:
    """`account` or `unit` is whom the last act was about."""
    return people_page(ctx, about=_named(ctx, account, unit))


@post("/people", who=ADMINISTRATION)
def add_person(ctx: Ctx, form: Form) -> Response:
    typed = NewAccount(**{name: _line(form, name) for name in NewAccount.__dataclass_fields__})
    with ctx.reading() as connection:
        errors = _errors(typed, {str(unit.id) for unit in _open_units(connection)})
    if errors:
        return people_page(ctx, typed=typed, errors=errors, status=422)
    try:
        with transaction(ctx.engine) as connection:
            account = _add_person(connection, ctx, typed, once=request_key(form.form_id))
            given = give_link(connection, ctx, account) if account is not None else Given()
    except FormWasUsed:
        return people_page(ctx, typed=typed, errors={"name": "people.form_was_used"}, status=409)
    except Refusal:  # the unit was closed a moment ago
        return people_page(ctx, typed=typed, errors={"unit": "people.unit_is_closed"}, status=422)
    except LoginIsTaken:
        return people_page(ctx, typed=typed, errors={"login": "people.login_taken"}, status=422)
    if account is None:
        return see_other("/people", done="second_asked")
    return people_page(ctx, given=given, done="done.account_added", about=typed.name)


def _add_person(connection: Connection, ctx: Context, typed: NewAccount, *, once: str) -> AccountId | None:
    """The account, or the one that the same form has added before; None if a second person is asked for it. Raises
    `FormWasUsed`."""
    wait_for_key(connection, once)
    if found := find_by_key(connection, once):
        if proposal := found[2].get("proposal"):
            if typed_for(connection, proposal) != asdict(typed):
                raise FormWasUsed
            return None
        known = find_account(connection, _figure(found[2], "account"))
        if known is None or replace(typed, login=read_sign_in_name(typed.login)) != _as_typed(known):
            raise FormWasUsed
        return AccountId(known.id)
    if needs_second(connection, ADD, role=Role(typed.role), actor=ctx.actor):
        ask(connection, ADD, account=None, data=asdict(typed), actor=ctx.actor, now=ctx.now, key=once)
        return None
    return do(connection, ADD, None, asdict(typed), actor=ctx.actor, now=ctx.now, key=once)


def _as_typed(account: Any) -> NewAccount:
    return NewAccount(
        unit=str(account.unit_id), role=account.role, login=account.login, name=account.name, email=account.email
    )


@post("/people/units", who=ADMINISTRATION)
def add_a_unit(ctx: Ctx, form: Form) -> Response:
    typed = NewUnit(unit_name=_line(form, "name"), kind=form.one("kind"), place=form.one("parent"))
    with ctx.reading() as connection:
        errors = _errors_of_unit(typed, _open_units(connection))
    if errors:
        return people_page(ctx, new_unit=typed, errors=errors, status=422)
    try:
        with transaction(ctx.engine) as connection:
            made = _add_unit(connection, ctx, typed, once=request_key(form.form_id))
    except FormWasUsed:
        return people_page(ctx, new_unit=typed, errors={"unit_name": "people.form_was_used"}, status=409)
    except UnitIsBelowAnother:
        return people_page(ctx, new_unit=typed, errors={"parent": "people.unit_is_below_another"}, status=409)
    return see_other(f"/people?unit={made}", done="unit_added")


def _add_unit(connection: Connection, ctx: Context, typed: NewUnit, *, once: str) -> int:
    """The unit, or the one that the same form has added before. Raises `FormWasUsed`, `UnitIsBelowAnother`."""
    wait_for_key(connection, once)
    data: dict[str, Json] = {"name": typed.unit_name, "kind": typed.kind, "place": typed.place}
    if found := find_by_key(connection, once):
        if {**found[2], **data} != found[2]:
            raise FormWasUsed
        return _figure(found[2], "unit")
    if typed.place.startswith(ABOVE):
        top = UnitId(int(typed.place.removeprefix(ABOVE)))
        return add_unit_above(
            connection, name=typed.unit_name, kind=typed.kind, top=top, now=ctx.now, actor=ctx.actor,
            place=typed.place, key=once,
        )  # fmt: skip
    return add_unit(
        connection, name=typed.unit_name, kind=typed.kind, parent=UnitId(int(typed.place)), now=ctx.now, actor=ctx.actor,
        place=typed.place, key=once,
    )  # fmt: skip


def _figure(data: Mapping[str, Any], name: str) -> int:
    """An id from the event of a form. Raises `FormWasUsed` for an event that is about something else."""
    if not isinstance(data.get(name), int):
        raise FormWasUsed
    return int(data[name])


@post("/people/{account}/link", who=ADMINISTRATION)
def new_link(ctx: Ctx, form: Form, account: RowId) -> Response:  # noqa: ARG001 (the form's token is checked by asking for it)
    with transaction(ctx.engine) as connection:
        found = _account(connection, account)
        if found.active:
            given = give_link(connection, ctx, AccountId(account))
    if not found.active:
        return people_page(ctx, errors={f"account-{account}": "people.is_closed"}, status=409)
    return people_page(ctx, given=given, done="done.link_made", about=found.name)


@get("/people/{account}/email", who=ADMINISTRATION)
def email_form(ctx: Ctx, account: RowId) -> Response:
    with ctx.reading() as connection:
        found = _account(connection, account)
        lost = may_be_lost(connection, AccountId(account))
    return render(ctx, "pages/change_email.html", account=found, email=found.email, errors={}, may_be_lost=lost)


@post("/people/{account}/email", who=ADMINISTRATION)
def change_email(ctx: Ctx, form: Form, account: RowId) -> Response:
    email = _line(form, "email")
    with transaction(ctx.engine) as connection:
        found = _account(connection, account)
        fault = fault_of_address(email) if email else "email_missing"
        lost = may_be_lost(connection, AccountId(account))
        asks = needs_second(connection, CHANGE_EMAIL, role=Role(found.role), actor=ctx.actor)
        if not fault and email != found.email:
            act = ask if asks else do
            act(
                connection,
                CHANGE_EMAIL,
                account=AccountId(account),
                data={"email": email},
                actor=ctx.actor,
                now=ctx.now,
            )
    if fault:
        errors = {"email": f"people.{fault}"}
        return render(
            ctx, "pages/change_email.html", status=422, account=found, email=email, errors=errors, may_be_lost=lost
        )
    return see_other(f"/people?account={account}", done="second_asked" if asks else "email_changed")


@post("/people/{account}/factor", who=ADMINISTRATION)
def reset_factor(ctx: Ctx, form: Form, account: RowId) -> Response:  # noqa: ARG001 (the form's token is checked by asking for it)
    """Takes the second factor and the passkeys away from somebody who has lost them, once a second person agrees."""
    with transaction(ctx.engine) as connection:
        found = _account(connection, account)
        asks = needs_second(connection, RESET_FACTOR, role=Role(found.role), actor=ctx.actor)
        act = ask if asks else do
        if may_be_lost(connection, AccountId(account)):  # once is as good as twice
            act(connection, RESET_FACTOR, account=AccountId(account), data={}, actor=ctx.actor, now=ctx.now)
    return see_other(f"/people?account={account}", done="second_asked" if asks else "factor_reset")


def _account(connection: Connection, account: int) -> Any:
    found = find_account(connection, account)
    if found is None:
        raise NoSuchPage
    return found


# -- what was typed ---------------------------------------------------------------------------------------------------


def _line(form: Posted, name: str) -> str:
    """What can be seen of what was typed into a one-line field. No browser sends a second line; in a mail's header it would
    be an attack."""
    text = seen(form.one(name))
    if len(text.splitlines()) > 1:
        raise FormIsMalformed
    return text


def _errors(typed: NewAccount, units: set[str]) -> dict[str, str]:
    errors = {name: f"people.{name}_missing" for name in NewAccount.__dataclass_fields__ if not getattr(typed, name)}
    if not read_sign_in_name(typed.login):
        errors["login"] = "people.login_missing"
    if typed.unit and typed.unit not in units:
        errors["unit"] = "people.unit_missing"
    if typed.role and typed.role not in {role.value for role in ROLES}:
        errors["role"] = "people.role_missing"
    if typed.email and (fault := fault_of_address(typed.email)):
        errors["email"] = f"people.{fault}"
    if max(map(len, (typed.login, typed.name, typed.email))) > 120:
        errors["login"] = "people.too_long"
    return errors


def _errors_of_unit(typed: NewUnit, units: list[Any]) -> dict[str, str]:
    """`above:` a unit that something is above by now is no error of the form: the tree says so when it is written."""
    places = {str(unit.id) for unit in units}
    known = typed.place.removeprefix(ABOVE) in places
    named = bool(typed.unit_name) and len(typed.unit_name) <= 80
    return {} if named and typed.kind in UNIT_KINDS and known else {"unit_name": "people.unit_incomplete"}


# -- the page ---------------------------------------------------------------------------------------------------------


def people_page(
    ctx: Context, *, typed: NewAccount | None = None, new_unit: NewUnit | None = None,
    errors: dict[str, str] | None = None, given: Given | None = None, status: int = 200, **said: str | None,
) -> Response:  # fmt: skip
    with ctx.reading() as connection:
        units = all_units(connection)
        accounts: dict[int, list[Any]] = {unit.id: [] for unit in units}
        for account in all_accounts(connection):
            accounts[account.unit_id].append(account)
    return render(
        ctx, "pages/people.html", status=status, accounts=accounts, units=units,
        open_units=[unit for unit in units if unit.closed_at is None], roles=[role.value for role in ROLES],
        kinds=UNIT_KINDS, typed=typed or NewAccount(), new_unit=new_unit or NewUnit(), above=ABOVE, errors=errors or {},
        given=given or Given(), **said,
    )  # fmt: skip


def _open_units(connection: Connection) -> list[Any]:
    return [unit for unit in all_units(connection) if unit.closed_at is None]


def _named(ctx: Context, account: int | None, unit: int | None) -> str | None:
    with ctx.reading() as connection:
        if account is not None and 0 < account < 2**63:
            found = find_account(connection, account)
            return found.name if found else None
        return next((one.name for one in all_units(connection) if one.id == unit), None)
