"""Units and accounts, for the administrator: adding somebody gives a one-time link to hand to that person."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError
from starlette.responses import Response

from cases.ledger import NewEvent, append_to_office
from infra.db import reading, transaction
from people.addresses import fault_of_address
from people.directory import add_account, add_unit, names_of_units
from people.signin import close_account, make_link
from people.tables import Account, Unit
from web.access import ADMINISTRATION, STAFF, RowId, get, post
from web.context import Context, Ctx, NoSuchPage
from web.pages import render, see_other
from web.posted import Form, FormIsMalformed, Posted
from workflow.model import AccountId, Role, UnitId
from workflow.unseen import seen

_account = Account.__table__.c  # type: ignore[attr-defined]
_unit = Unit.__table__.c  # type: ignore[attr-defined]
ROLES = tuple(role for role in Role if role in STAFF)
UNIT_KINDS = ("unit", "centre", "upstream")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """What was typed for a new account."""

    unit: str = ""
    role: str = ""
    login: str = ""
    name: str = ""
    email: str = ""


@get("/people", who=ADMINISTRATION)
def people(ctx: Ctx) -> Response:
    return _page(ctx)


@post("/people", who=ADMINISTRATION)
def add_person(ctx: Ctx, form: Form) -> Response:
    typed = NewAccount(**{name: _line(form, name) for name in NewAccount.__dataclass_fields__})
    with reading(ctx.engine) as connection:
        errors = _errors(typed, names_of_units(connection))
    if errors:
        return _page(ctx, typed=typed, errors=errors, status=422)
    try:
        with transaction(ctx.engine) as connection:
            account = add_account(
                connection, unit=UnitId(int(typed.unit)), role=Role(typed.role), login=typed.login, name=typed.name,
                email=typed.email, now=ctx.now,
            )  # fmt: skip
            token = make_link(connection, account, now=ctx.now)
            _note(connection, ctx, "account:added", {"account": account, "role": typed.role})
    except IntegrityError:
        return _page(ctx, typed=typed, errors={"login": "people.login_taken"}, status=422)
    return _page(ctx, link=f"{ctx.site.settings.base_url()}/signin/link/{token}")


@post("/people/units", who=ADMINISTRATION)
def add_a_unit(ctx: Ctx, form: Form) -> Response:
    name, parent, kind = _line(form, "name"), form.one("parent"), form.one("kind")
    with reading(ctx.engine) as connection:
        units = names_of_units(connection)
    if not name or len(name) > 80 or kind not in UNIT_KINDS or not parent.isdecimal() or int(parent) not in units:
        return _page(ctx, errors={"unit_name": "people.unit_incomplete"}, unit_name=name, status=422)
    with transaction(ctx.engine) as connection:
        made = add_unit(connection, name=name, kind=kind, parent=UnitId(int(parent)))
        _note(connection, ctx, "unit:added", {"unit": made})
    return see_other("/people")


@post("/people/{account}/link", who=ADMINISTRATION)
def new_link(ctx: Ctx, form: Form, account: RowId) -> Response:  # noqa: ARG001 (the form's token is checked by asking for it)
    with transaction(ctx.engine) as connection:
        _must_exist(connection, account)
        token = make_link(connection, AccountId(account), now=ctx.now)
        _note(connection, ctx, "account:link_made", {"account": account})
    return _page(ctx, link=f"{ctx.site.settings.base_url()}/signin/link/{token}")


@post("/people/{account}/close", who=ADMINISTRATION)
def close(ctx: Ctx, form: Form, account: RowId) -> Response:  # noqa: ARG001 (the form's token is checked by asking for it)
    if ctx.person is None or account == ctx.person.id:
        return _page(ctx, errors={"login": "people.not_yourself"}, status=422)
    with transaction(ctx.engine) as connection:
        _must_exist(connection, account)
        close_account(connection, AccountId(account))
        _note(connection, ctx, "account:closed", {"account": account})
    return see_other("/people")


def _must_exist(connection: Connection, account: int) -> None:
    if connection.execute(select(_account.id).where(_account.id == account)).scalar() is None:
        raise NoSuchPage


def _line(form: Posted, name: str) -> str:
    """What can be seen of what was typed into a one-line field. No browser sends a second line; in a mail's header it would
    be an attack."""
    text = seen(form.one(name))
    if len(text.splitlines()) > 1:
        raise FormIsMalformed
    return text


def _errors(typed: NewAccount, units: dict[int, str]) -> dict[str, str]:
    errors = {name: f"people.{name}_missing" for name in NewAccount.__dataclass_fields__ if not getattr(typed, name)}
    if typed.unit and (not typed.unit.isdecimal() or int(typed.unit) not in units):
        errors["unit"] = "people.unit_missing"
    if typed.role and typed.role not in {role.value for role in ROLES}:
        errors["role"] = "people.role_missing"
    if typed.email and (fault := fault_of_address(typed.email)):
        errors["email"] = f"people.{fault}"
    if max(map(len, (typed.login, typed.name, typed.email))) > 120:
        errors["login"] = "people.too_long"
    return errors


def _page(
    ctx: Context, *, typed: NewAccount | None = None, errors: dict[str, str] | None = None, link: str | None = None,
    unit_name: str = "", status: int = 200,
) -> Response:  # fmt: skip
    with reading(ctx.engine) as connection:
        units = names_of_units(connection)
        accounts: list[Any] = list(
            connection.execute(
                select(
                    _account.id,
                    _account.login,
                    _account.name,
                    _account.role,
                    _account.email,
                    _account.active,
                    _unit.name.label("unit"),
                )
                .join_from(Account, Unit, _account.unit_id == _unit.id)
                .order_by(_account.active.desc(), _unit.id, _account.id)
            )
        )
    return render(
        ctx, "pages/people.html", status=status, accounts=accounts, units=units, roles=[role.value for role in ROLES],
        kinds=UNIT_KINDS, typed=typed or NewAccount(), errors=errors or {}, link=link, unit_name=unit_name,
    )  # fmt: skip


def _note(connection: Connection, ctx: Context, code: str, data: dict[str, Any]) -> None:
    append_to_office(
        connection, NewEvent(code=code, occurred_at=ctx.now, recorded_at=ctx.now, actor=ctx.actor, data=data)
    )
