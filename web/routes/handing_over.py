"""Handing over everything that somebody has in hand: who has how much, which matters, to whom, and what stayed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection
from starlette.responses import Response

from cases.at_once import AT_MOST, TakenAtOnce, take_each
from cases.facts import load_people
from cases.handing_over import in_hand_of, loads
from people.directory import KnownAccount, known_accounts, names_of_units
from web.access import RowId, get, post
from web.context import Context, Ctx, NoSuchPage
from web.forms import FormIsWrong, FormView, Option, as_typed, blank_form, read_form, with_errors
from web.pages import render
from web.posted import Form, Posted
from web.presenters.matters import CASES, matters_of
from workflow.model import AccountId, Reason, Role
from workflow.procedures.every_case.commands import HandOver

ANSWERS_FOR_PEOPLE = frozenset({Role.COORDINATOR, Role.SUPERVISOR})
#: A case of another procedure than the command knows is no case of this form.
NO_CASE = 0
#: The button that ticks all of them, or none, and keeps what was typed.
TICK = "tick"


@get("/hand-over", who=ANSWERS_FOR_PEOPLE)
def who_has_what(ctx: Ctx) -> Response:
    with ctx.reading() as connection:
        found = loads(connection, actor=ctx.actor)
        known = known_accounts(connection, found)
        serving, units = load_people(connection, NO_CASE, actor=ctx.actor), names_of_units(connection)
    rows = sorted(((account, known[account], n) for account, n in found.items()), key=lambda row: (-row[2], row[0]))
    where = {account: _named(units, of) for account, of in serving.items()}
    return render(ctx, "pages/hand_over_people.html", rows=rows, where=where)


@get("/hand-over/{account}", who=ANSWERS_FOR_PEOPLE)
def choose_successor(ctx: Ctx, account: RowId) -> Response:
    with ctx.reading() as connection:
        form = blank_form(HandOver, _choices(connection, ctx, account))
        return _page(connection, ctx, account, form)


@post("/hand-over/{account}", who=ANSWERS_FOR_PEOPLE)
def hand_everything_over(ctx: Ctx, form: Form, account: RowId) -> Response:
    with ctx.reading() as connection:
        _whose(connection, ctx, account)  # nobody learns who is behind a number that is not theirs to ask about
        choices = _choices(connection, ctx, account)
        mine = {row.public_id: row.id for row in in_hand_of(connection, AccountId(account), actor=ctx.actor)}
    chosen = form.values.get(CASES, [])
    typed = {
        **{name: said for name, said in form.fields().items() if name not in (CASES, TICK)},
        "leaving": [str(account)],
    }
    if TICK in form.values:
        ticked = {**form.values, CASES: list(mine) if form.values[TICK] == ["all"] else []}
        with ctx.reading() as connection:
            shown = as_typed(HandOver, typed, choices)
            return _page(connection, ctx, account, shown, posted=replace(form, values=ticked))
    try:
        command = read_form(HandOver, typed, choices, zone=ctx.office.policy.calendar.zone)
        assert isinstance(command, HandOver)
        if not chosen:
            raise FormIsWrong(with_errors(as_typed(HandOver, typed, choices), [Reason(code="hand_over.choose")]))
    except FormIsWrong as error:
        with ctx.reading() as connection:
            return _page(connection, ctx, account, error.form, posted=form, status=422)
    # What is not on the list any more has been handed over, by this form or meanwhile.
    done = take_each(
        ctx.engine, [mine[one] for one in chosen if one in mine], command, actor=ctx.actor, now=ctx.now,
        office=ctx.office, request=form.form_id,
    )  # fmt: skip
    with ctx.reading() as connection:
        blank = blank_form(HandOver, _choices(connection, ctx, account))
        return _page(connection, ctx, account, blank, done=done)


def _choices(connection: Connection, ctx: Context, account: int) -> dict[str, tuple[Option, ...]]:
    serving, units = load_people(connection, NO_CASE, actor=ctx.actor), names_of_units(connection)
    known = known_accounts(connection, serving)
    successors = tuple(
        Option(value=str(one), text=f"{known[one].name}（{_named(units, of)}）")
        for one, of in serving.items()
        if one != account
    )
    return {"in_hand": (Option(value=str(account)),), "handlers": successors}


def _named(units: Mapping[int, str], of: Sequence[int]) -> str:
    return " · ".join(units.get(one, "") for one in of)


def _page(
    connection: Connection, ctx: Context, account: int, form: FormView, *, posted: Posted | None = None,
    done: Sequence[TakenAtOnce] | None = None, status: int = 200,
) -> Response:  # fmt: skip
    """`done` is what came of a form; `posted` one that comes back as it was typed."""
    who = known_accounts(connection, [account])[account] if done is not None else _whose(connection, ctx, account)
    rows = in_hand_of(connection, AccountId(account), actor=ctx.actor)
    chosen = frozenset(posted.values.get(CASES, []) if posted else ())
    every = bool(rows) and chosen >= {row.public_id for row in rows}
    matters = matters_of(connection, ctx, rows, chosen=chosen, done=done or ())
    given = sum(1 for one in done or () if not one.reasons)
    return render(
        ctx, "pages/hand_over.html", status=status, person=who, account=account, matters=matters, form=form, given=given,
        finished=done is not None, form_id=posted.form_id if posted else None, at_most=AT_MOST, every=every,
    )  # fmt: skip


def _whose(connection: Connection, ctx: Context, account: int) -> KnownAccount:
    """Whoever has something in hand here, or may have. Raises `NoSuchPage` for everybody else."""
    here: Mapping[AccountId, object] = {
        **loads(connection, actor=ctx.actor), **load_people(connection, NO_CASE, actor=ctx.actor),
    }  # fmt: skip
    if AccountId(account) not in here:
        raise NoSuchPage
    return known_accounts(connection, [account])[account]
