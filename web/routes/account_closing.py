"""Closing an account asks first and says what the account holds; reopening it asks too, and gives a one-time link."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection
from starlette.responses import Response

from cases.holdings import Held, holdings_of
from cases.numbers import case_number
from infra.db import transaction
from ledger.chain import OFFICE_STREAM, lock_head
from people.audiences import Roster
from people.directory import active_with_role, find_account, names_of_accounts, names_of_units
from people.proposals import CLOSE, REOPEN, ask, do, needs_second
from reports.years.closing import waiting_for_the_second
from web.access import ADMINISTRATION, RowId, get, post
from web.context import Context, Ctx, NoSuchPage
from web.links import Given, give_link
from web.pages import render, see_other
from web.posted import Form
from web.presenters.lights import LightView, case_light
from web.routes.people import people_page
from workflow.model import AccountId, Audience, Refusal, Role, UnitId

#: Roles that an office cannot be without: nobody closes the last account of one alone, and that of an administrator nobody.
LAST_OF = {Role.ADMINISTRATOR: "people.last_administrator", Role.AUDITOR: "people.last_auditor"}


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldView:
    number: str
    unit: str
    light: LightView


class CannotClose(Exception):
    """The account stays open. Carries the code of the reason."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@get("/people/{account}/close", who=ADMINISTRATION)
def ask_before_closing(ctx: Ctx, account: RowId) -> Response:
    with ctx.reading() as connection:
        found = _account(connection, account)
        if not found.active:
            return see_other("/people")
        holdings, years = holdings_of(connection, AccountId(account)), waiting_for_the_second(connection, account)
        why_not = _why_not(connection, ctx, found)
        units = names_of_units(connection)
        told = _told_instead(connection, found)
    return render(
        ctx, "pages/close_account.html", account=found, why_not=why_not, holdings=holdings, years=years, told=told,
        held=[_view(one, units, ctx) for one in holdings.held],
        served=[_view(one, units, ctx) for one in holdings.served],
    )  # fmt: skip


@post("/people/{account}/close", who=ADMINISTRATION)
def close(ctx: Ctx, form: Form, account: RowId) -> Response:  # noqa: ARG001 (the form's token is checked by asking for it)
    """Closes it. Once is as good as twice."""
    try:
        with transaction(ctx.engine) as connection:
            lock_head(connection, OFFICE_STREAM)  # two administrators who close each other's accounts wait here
            found = _account(connection, account)
            if why_not := _why_not(connection, ctx, found):
                raise CannotClose(why_not)
            asks = needs_second(connection, CLOSE, role=Role(found.role), actor=ctx.actor)
            if found.active:
                act = ask if asks else do
                act(connection, CLOSE, account=AccountId(account), data={}, actor=ctx.actor, now=ctx.now)
    except CannotClose as refused:
        return people_page(ctx, errors={f"account-{account}": refused.code}, status=422)
    return see_other(f"/people?account={account}", done="second_asked" if asks else "account_closed")


@get("/people/{account}/reopen", who=ADMINISTRATION)
def ask_before_reopening(ctx: Ctx, account: RowId) -> Response:
    with ctx.reading() as connection:
        found = _account(connection, account)
    return see_other("/people") if found.active else render(ctx, "pages/reopen_account.html", account=found)


@post("/people/{account}/reopen", who=ADMINISTRATION)
def reopen(ctx: Ctx, form: Form, account: RowId) -> Response:  # noqa: ARG001 (the form's token is checked by asking for it)
    """Opens it again and shows the link. The form sent twice shows another link to the same account."""
    try:
        return _reopened(ctx, account)
    except Refusal:
        return people_page(ctx, errors={f"account-{account}": "people.unit_is_closed"}, status=422)


def _reopened(ctx: Context, account: int) -> Response:
    """Raises `Refusal` if its unit is closed."""
    with transaction(ctx.engine) as connection:
        found = _account(connection, account)
        asks = not found.active and needs_second(connection, REOPEN, role=Role(found.role), actor=ctx.actor)
        if asks:
            ask(connection, REOPEN, account=AccountId(account), data={}, actor=ctx.actor, now=ctx.now)
        elif not found.active:
            do(connection, REOPEN, AccountId(account), {}, actor=ctx.actor, now=ctx.now)
        given = Given() if asks else give_link(connection, ctx, AccountId(account))
    if asks:
        return see_other(f"/people?account={account}", done="second_asked")
    return people_page(ctx, given=given, done="done.account_reopened", about=found.name)


def _account(connection: Connection, account: int) -> Any:
    found = find_account(connection, account)
    if found is None:
        raise NoSuchPage
    return found


def _why_not(connection: Connection, ctx: Context, account: Any) -> str | None:
    """The code of the reason why this account is not closed; None if it may be."""
    if ctx.person is None or account.id == ctx.person.id:
        return "people.not_yourself"
    role = Role(account.role)
    last = account.active and role in LAST_OF and active_with_role(connection, role) == [account.id]
    by_two = role is Role.AUDITOR and needs_second(connection, CLOSE, role=role, actor=ctx.actor)
    return LAST_OF[role] if last and not by_two else None


def _told_instead(connection: Connection, account: Any) -> list[str]:
    """Who is told from then on what the holder of its cases is told."""
    unit = UnitId(account.unit_id)
    roster = Roster.around(connection, unit, without=AccountId(account.id))
    told = roster.told((Audience.HOLDER,), unit=unit, person=AccountId(account.id))
    names = names_of_accounts(connection, told)
    return [names[one] for one in told]


def _view(held: Held, units: dict[int, str], ctx: Context) -> HeldView:
    return HeldView(
        number=case_number(ctx.office.short_name, *held.number),
        unit=units.get(held.unit, ""),
        light=case_light(held.clocks, ctx),
    )
