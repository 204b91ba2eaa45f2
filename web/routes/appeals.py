"""Contested lights: the list for those who appeal and those who decide, and the appeal of a unit against a light.

A head of a unit appeals here and not on the page of the case, for the case may have moved to another unit since. An
assessor decides on the page of the case.
"""

from dataclasses import dataclass

from sqlalchemy import Connection
from starlette.responses import Response

from cases.appeals import charged_case, contested_lights
from cases.execute import CaseHasMoved, execute
from cases.facts import CaseName, load_facts
from cases.numbers import case_number
from cases.repeats import FormWasUsed
from cases.situations import situation_for
from infra.db import transaction
from infra.i18n import write_minute
from people.directory import names_of_units
from web.access import get, post
from web.context import Context, Ctx, NoSuchPage
from web.forms import Choices, FormIsWrong, FormView, as_typed, blank_form, read_form, with_errors
from web.pages import render, see_other
from web.posted import Form, Posted
from web.presenters.choices import appeal_choices
from workflow.commands import Command
from workflow.deciding import available_steps
from workflow.definition import Situation
from workflow.model import TIMERS, Reason, Refusal, Role
from workflow.procedures.every_case.commands import AppealLight, AskAgain

APPEALS = frozenset({Role.SUPERVISOR, Role.ASSESSOR, Role.AUDITOR})
HEADS = frozenset({Role.SUPERVISOR})
COMMANDS: dict[str, type[Command]] = {"AppealLight": AppealLight, "AskAgain": AskAgain}


@get("/appeals", who=APPEALS)
def appeals(ctx: Ctx) -> Response:
    zone = ctx.office.policy.calendar.zone
    with ctx.reading() as connection:
        found = contested_lights(connection, actor=ctx.actor)
        units = names_of_units(connection)
    rows = [
        {
            "link": f"/appeals/{one.public_id}" if ctx.actor.role is Role.SUPERVISOR else f"/cases/{one.public_id}",
            "number": case_number(ctx.office.short_name, *one.number),
            "clock": one.clock,
            "rung": one.rung,
            "lit": write_minute(one.lit_at, ctx.language, zone),
            "unit": units.get(one.unit or 0, ""),
            "ground": one.ground,
            "stage": one.stage,
            "asked": write_minute(one.proposed_at, ctx.language, zone),
            "decision": one.decision,
        }
        for one in found
    ]
    return render(ctx, "pages/appeals.html", rows=rows)


@get("/appeals/{public_id}", who=HEADS)
def appeal_page(ctx: Ctx, public_id: str) -> Response:
    return _page(ctx, public_id)


@post("/appeals/{public_id}/{command}", who=HEADS)
def appeal(ctx: Ctx, form: Form, public_id: str, command: str) -> Response:
    """Takes the appeal; a refused one comes back as it was typed."""
    kind = COMMANDS.get(command)
    if kind is None:
        raise NoSuchPage
    with ctx.reading() as connection:
        case_id = _charged(connection, ctx, public_id)
    try:
        taken = read_form(kind, form.fields(), None, zone=ctx.office.policy.calendar.zone)
        with transaction(ctx.engine) as connection:
            execute(
                connection, case_id, taken, actor=ctx.actor, now=ctx.now, expected_version=form.version,
                office=ctx.office, request=form.form_id, seen_by=TIMERS,
            )  # fmt: skip
    except FormIsWrong as error:
        return _page(ctx, public_id, _Back(kind, form, error.form.all_errors), status=422)
    except Refusal as refusal:
        return _page(ctx, public_id, _Back(kind, form, refusal.reasons), status=422)
    except FormWasUsed:
        return _page(ctx, public_id, _Back(kind, form), was_used=True, status=409)
    except CaseHasMoved:
        # What moved is of no concern to an appeal: the same form on the version as it is now.
        return _page(ctx, public_id, _Back(kind, form), moved=True, status=409)
    return see_other("/appeals")


@dataclass(frozen=True, slots=True)
class _Back:
    """A form that comes back as it was typed, and why."""

    kind: type[Command]
    form: Posted
    reasons: tuple[Reason, ...] = ()

    def view(self, choices: Choices) -> FormView:
        return with_errors(as_typed(self.kind, self.form.fields(), choices), self.reasons)


def _page(
    ctx: Context, public_id: str, back: _Back | None = None, *, moved: bool = False, was_used: bool = False,
    status: int = 200,
) -> Response:  # fmt: skip
    with ctx.reading() as connection:
        situation, name = _situation(connection, ctx, public_id)
    choices = appeal_choices(situation, ctx)
    returned = back.view(choices) if back else None
    open_to_me = {step.command.__name__ for step, reasons in available_steps(situation) if not reasons}
    forms = [
        returned if returned and returned.command == command else blank_form(kind, choices)
        for command, kind in COMMANDS.items()
        if command in open_to_me or (returned and returned.command == command)
    ]
    number = case_number(ctx.office.short_name, name.series, name.year, name.serial)
    return render(
        ctx, "pages/appeal.html", status=status, public_id=public_id, number=number, appeal_forms=forms,
        returned=returned, moved=moved, was_used=was_used, version=situation.facts.version, days=situation.policy.appeal.working_days,
    )  # fmt: skip


def _charged(connection: Connection, ctx: Context, public_id: str) -> int:
    case_id = charged_case(connection, public_id, actor=ctx.actor)
    if case_id is None:
        raise NoSuchPage
    return case_id


def _situation(connection: Connection, ctx: Context, public_id: str) -> tuple[Situation, CaseName]:
    """The case as the rules see it, for the head of a unit that once held it, or was asked for something about it."""
    case_id = _charged(connection, ctx, public_id)
    loaded = load_facts(connection, case_id, actor=ctx.actor, seen_by=TIMERS)
    if loaded is None:
        raise NoSuchPage
    facts, name = loaded
    of = COMMANDS.values()
    return situation_for(connection, facts, of=of, actor=ctx.actor, now=ctx.now, office=ctx.office), name
