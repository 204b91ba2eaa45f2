"""The case page and its steps; new cases are registered in `intake.py`."""

from functools import partial

from sqlalchemy import Connection
from starlette.responses import JSONResponse, Response

from cases.execute import CaseHasMoved, CaseNotFound, DatesWouldMove, execute
from cases.reading import find_with_procedure, texts_of
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
from web.presenters.deadline import derivation_as_json, show_derivation
from web.presenters.foresight import moved_views, seal_of
from web.presenters.linked import case_that_was_typed
from web.presenters.situations import situation_of
from web.reads import note_this_read, read_is_owed
from web.routes.acting import seen_as_another
from workflow.commands import Command
from workflow.foresight import Moved
from workflow.model import Reason, Refusal
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
    with ctx.reading() as connection:
        case_id, procedure = _found_with_procedure(connection, ctx, public_id)
    kind = command_named(procedure, command)
    try:
        _take(ctx, form, case_id, kind)
    except FormIsWrong as error:
        return _again(ctx, form, public_id, kind, error.form.all_errors)
    except Refusal as refusal:
        return _again(ctx, form, public_id, kind, refusal.reasons)
    except CaseNotFound:
        raise NoSuchPage from None
    except DatesWouldMove as dates:
        return _ask(ctx, form, public_id, kind, dates.moved)
    except FormWasUsed:
        return _conflict(ctx, form, public_id, kind, since=form.version, was_used=True)
    except CaseHasMoved as error:
        return _conflict(ctx, form, public_id, kind, since=error.expected)
    if kind is RenewCode:  # the code that the step has made is shown once
        code = in_groups(code_for(form.form_id))
        return render(ctx, "pages/new_code.html", code=code, back=f"/cases/{public_id}")
    return see_other(f"/cases/{public_id}")


def _take(ctx: Context, form: Posted, case_id: int, kind: type[Command]) -> None:
    """The step as the door takes it: whether it was sent before, whether the case has moved, and whether everything that was
    chosen is offered, is asked there."""
    command = read_form(
        kind, form.fields(), None, zone=ctx.office.policy.calendar.zone, find_case=partial(case_that_was_typed, ctx)
    )
    with transaction(ctx.engine) as connection:
        execute(
            connection, case_id, command, actor=ctx.actor, now=ctx.now, expected_version=form.version, office=ctx.office,
            request=form.form_id, agreed=lambda moved: form.one(SEEN) == seal_of(moved, ctx),
        )  # fmt: skip


def _typed(connection: Connection, ctx: Context, form: Posted, case_id: int, kind: type[Command]) -> FormView:
    """The form as it was typed, with what there is to choose from."""
    situation, _ = situation_of(connection, ctx, case_id, command=kind.__name__)
    texts = texts_of(connection, [case_id], actor=ctx.actor).get(case_id, {})
    return as_typed(kind, form.fields(), choices_for(connection, ctx, situation, texts, of=[kind]))


def _ask(ctx: Context, form: Posted, public_id: str, kind: type[Command], moved: tuple[Moved, ...]) -> Response:
    """The dates as they would be, and the form to say yes with, or to mend."""
    with ctx.reading() as connection:
        case_id = _found(connection, ctx, public_id)
        page, typed = show_case(connection, ctx, case_id), _typed(connection, ctx, form, case_id, kind)
    return render(
        ctx, "pages/dates.html", case=page, typed=typed, form_id=form.form_id, seen=seal_of(moved, ctx),
        moved=moved_views(moved, ctx),
    )  # fmt: skip


def _again(
    ctx: Context, form: Posted, public_id: str, kind: type[Command], reasons: tuple[Reason, ...]
) -> Response:  # fmt: skip
    """The page of the case with the form as it was typed. Where the case has moved meanwhile, that is what has to be said."""
    with ctx.reading() as connection:
        case_id = _found(connection, ctx, public_id)
        returned = with_errors(_typed(connection, ctx, form, case_id, kind), reasons)
        page = show_case(connection, ctx, case_id, returned=returned)
    if page.version != form.version:
        return _conflict(ctx, form, public_id, kind, since=form.version)
    return render(ctx, "pages/case.html", status=422, case=page, returned=returned)


def _conflict(
    ctx: Context, form: Posted, public_id: str, kind: type[Command], *, since: int, was_used: bool = False
) -> Response:  # fmt: skip
    """The page of a conflict: what was typed, what has changed since that version, and the form on the present one. Either
    somebody else took a step meanwhile, or this form has been used for something else."""
    with ctx.reading() as connection:
        case_id, name = _found(connection, ctx, public_id), kind.__name__
        page, typed = show_case(connection, ctx, case_id), _typed(connection, ctx, form, case_id, kind)
        changes = changes_since(connection, ctx, case_id, since)
    still_open = name in page.at_any_time or any(step.command == name and step.form is not None for step in page.steps)
    return render(
        ctx, "pages/conflict.html", status=409, case=page, typed=typed, changes=changes, still_open=still_open,
        was_used=was_used,
    )  # fmt: skip


def _found(connection: Connection, ctx: Context, public_id: str) -> int:
    return _found_with_procedure(connection, ctx, public_id)[0]


def _found_with_procedure(connection: Connection, ctx: Context, public_id: str) -> tuple[int, str]:
    found = find_with_procedure(connection, public_id, actor=ctx.actor)
    if found is None:
        if ctx.request.method != "POST":
            seen_as_another(connection, ctx, public_id)
        raise NoSuchPage
    return found


def command_named(procedure: str, name: str) -> type[Command]:
    """What may be asked of a case of that procedure. Raises `NoSuchPage`."""
    table = PROCEDURES[procedure]
    if name not in table.commands or table.commands[name] is table.opens:
        raise NoSuchPage
    return table.commands[name]


# -- the receipt of a time limit ---------------------------------------------------------------------------------------


@get("/cases/{public_id}/clocks/{number}", who=CASE_STAFF)
def why_this_day(ctx: Ctx, public_id: str, number: RowId) -> Response:
    with ctx.reading() as connection:
        found = show_derivation(connection, ctx, _found(connection, ctx, public_id), number)
    back = f"/cases/{public_id}"
    return render(ctx, "pages/deadline.html", derivation=found, back=back, json=f"{back}/clocks/{number}/json")


@get("/cases/{public_id}/clocks/{number}/json", who=CASE_STAFF)
def why_this_day_as_json(ctx: Ctx, public_id: str, number: RowId) -> Response:
    with ctx.reading() as connection:
        return JSONResponse(derivation_as_json(connection, ctx, _found(connection, ctx, public_id), number))
