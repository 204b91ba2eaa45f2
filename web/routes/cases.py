"""The case page and its steps; new cases are registered in `intake.py`."""

from dataclasses import replace
from functools import partial

from sqlalchemy import Connection
from starlette.responses import JSONResponse, Response

from cases.acts import with_acts_known
from cases.execute import CaseHasMoved, execute
from cases.reading import find_case, texts_of
from cases.repeats import FormWasUsed
from cases.tracking import code_for, in_groups
from infra.db import transaction
from web.access import CASE_STAFF, RowId, get, post
from web.context import Context, Ctx, NoSuchPage
from web.forms import FormIsWrong, FormView, as_typed, read_form, with_errors
from web.pages import render, see_other
from web.posted import SEEN, Form, Posted
from web.presenters.case_page import changes_since, show_case
from web.presenters.case_steps import show_step
from web.presenters.choices import choices_for
from web.presenters.deadline import receipt_as_json, show_receipt
from web.presenters.foresight import moved_views, seal_of
from web.presenters.linked import case_that_was_typed
from web.presenters.situations import situation_of
from web.reads import note_this_read, read_is_owed
from web.routes.acting import seen_as_another
from web.sent_again import sent_before
from workflow.acts import entered
from workflow.commands import Command
from workflow.definition import Situation
from workflow.foresight import Moved, moved_dates
from workflow.model import Refusal
from workflow.procedures import PROCEDURES
from workflow.procedures.every_case.commands import RenewCode


@get("/cases/{public_id}", who=CASE_STAFF)
def case_page(ctx: Ctx, public_id: str) -> Response:
    with ctx.reading() as connection:
        case_id = _found(connection, ctx, public_id)
        page = show_case(connection, ctx, case_id)
        owed = read_is_owed(connection, ctx, case_id, own=page.own)
    if owed:
        note_this_read(ctx, case_id)
    return render(ctx, "pages/case.html", case=page)


@get("/cases/{public_id}/steps/{command}", who=CASE_STAFF)
def step_page(ctx: Ctx, public_id: str, command: str) -> Response:
    with ctx.reading() as connection:
        shown = show_step(connection, ctx, _found(connection, ctx, public_id), command)
    return render(ctx, "pages/step.html", step=shown)


@post("/cases/{public_id}/steps/{command}", who=CASE_STAFF)
def take_step(ctx: Ctx, form: Form, public_id: str, command: str) -> Response:
    """Takes a step and goes back to the case; a refused form comes back as it was typed."""
    try:
        code = _take(ctx, form, public_id, command)
    except FormIsWrong as error:
        return _again(ctx, public_id, error.form, status=422)
    except DatesMove as dates:
        return _ask(ctx, form, public_id, dates)
    except FormWasUsed:
        return _conflict(ctx, form, public_id, command, since=form.version, was_used=True)
    except CaseHasMoved as error:
        return _conflict(ctx, form, public_id, command, since=error.expected)
    if code:
        return render(ctx, "pages/new_code.html", code=in_groups(code), back=f"/cases/{public_id}")
    return see_other(f"/cases/{public_id}")


class DatesMove(Exception):
    """The step would move due dates that the person has not seen yet. Carries the form as typed, and the dates."""

    def __init__(self, form: FormView, moved: tuple[Moved, ...]) -> None:
        super().__init__(f"{len(moved)} due dates")
        self.form, self.moved = form, moved


def _take(ctx: Context, form: Posted, public_id: str, name: str) -> str | None:
    """A tracking code, if the step has made one: it is shown once."""
    with ctx.reading() as connection:
        case_id = _found(connection, ctx, public_id)
        situation, _ = situation_of(connection, ctx, case_id, command=name)
        kind = _command(situation.facts.procedure, name)
        texts = texts_of(connection, [case_id], actor=ctx.actor).get(case_id, {})
        choices = choices_for(connection, ctx, situation, texts, of=[kind])
        # A form of another version is either the very form that made the newer one, sent twice, or a conflict.
        if situation.facts.version != form.version:
            if sent_before(connection, ctx, kind, form, case_id=case_id):
                return code_for(form.form_id) if kind is RenewCode else None
            raise CaseHasMoved(expected=form.version, found=situation.facts.version)
    command = read_form(
        kind, form.fields(), choices, zone=ctx.office.policy.calendar.zone, find_case=partial(case_that_was_typed, ctx)
    )
    typed = as_typed(kind, form.fields(), choices)
    situation = _with_acts_known(ctx, situation, command)
    try:
        moved = moved_dates(situation, command)
        if moved and form.one(SEEN) != seal_of(moved, ctx):
            raise DatesMove(typed, moved)
        with transaction(ctx.engine) as connection:
            execute(
                connection,
                case_id,
                command,
                actor=ctx.actor,
                now=ctx.now,
                expected_version=form.version,
                office=ctx.office,
                request=form.form_id,
            )
    except Refusal as refusal:
        raise FormIsWrong(with_errors(typed, refusal.reasons)) from refusal
    return code_for(form.form_id) if kind is RenewCode else None


def _with_acts_known(ctx: Context, situation: Situation, command: Command) -> Situation:
    if entered(command) is None:
        return situation
    with ctx.reading() as connection:
        return replace(situation, facts=with_acts_known(connection, situation.facts, command))


def _ask(ctx: Context, form: Posted, public_id: str, dates: DatesMove) -> Response:
    """The dates as they would be, and the form to say yes with, or to mend."""
    with ctx.reading() as connection:
        page = show_case(connection, ctx, _found(connection, ctx, public_id))
    return render(
        ctx, "pages/dates.html", case=page, typed=dates.form, form_id=form.form_id, seen=seal_of(dates.moved, ctx),
        moved=moved_views(dates.moved, ctx),
    )  # fmt: skip


def _again(ctx: Context, public_id: str, returned: FormView, *, status: int) -> Response:
    with ctx.reading() as connection:
        page = show_case(connection, ctx, _found(connection, ctx, public_id), returned=returned)
    return render(ctx, "pages/case.html", status=status, case=page, returned=returned)


def _conflict(ctx: Context, form: Posted, public_id: str, name: str, *, since: int, was_used: bool = False) -> Response:
    """The page of a conflict: what was typed, what has changed since that version, and the form on the present one. Either
    somebody else took a step meanwhile, or this form has been used for something else."""
    with ctx.reading() as connection:
        case_id = _found(connection, ctx, public_id)
        situation, _ = situation_of(connection, ctx, case_id, command=name)
        kind = _command(situation.facts.procedure, name)
        page = show_case(connection, ctx, case_id)
        texts = texts_of(connection, [case_id], actor=ctx.actor).get(case_id, {})
        typed = as_typed(kind, form.fields(), choices_for(connection, ctx, situation, texts, of=[kind]))
        changes = changes_since(connection, ctx, case_id, since)
    still_open = name in page.at_any_time or any(step.command == name and step.form is not None for step in page.steps)
    return render(
        ctx, "pages/conflict.html", status=409, case=page, typed=typed, changes=changes, still_open=still_open,
        was_used=was_used,
    )  # fmt: skip


def _found(connection: Connection, ctx: Context, public_id: str) -> int:
    case_id = find_case(connection, public_id, actor=ctx.actor)
    if case_id is None:
        if ctx.request.method != "POST":
            seen_as_another(connection, ctx, public_id)
        raise NoSuchPage
    return case_id


def _command(procedure: str, name: str) -> type[Command]:
    table = PROCEDURES[procedure]
    if name not in table.commands or table.commands[name] is table.opens:
        raise NoSuchPage
    return table.commands[name]


# -- the receipt of a time limit ---------------------------------------------------------------------------------------


@get("/cases/{public_id}/clocks/{number}", who=CASE_STAFF)
def why_this_day(ctx: Ctx, public_id: str, number: RowId) -> Response:
    with ctx.reading() as connection:
        found = show_receipt(connection, ctx, _found(connection, ctx, public_id), number)
    back = f"/cases/{public_id}"
    return render(ctx, "pages/deadline.html", receipt=found, back=back, json=f"{back}/clocks/{number}/json")


@get("/cases/{public_id}/clocks/{number}/json", who=CASE_STAFF)
def why_this_day_as_json(ctx: Ctx, public_id: str, number: RowId) -> Response:
    with ctx.reading() as connection:
        return JSONResponse(receipt_as_json(connection, ctx, _found(connection, ctx, public_id), number))
