"""Matters: listed and found, each as its page shows it, steps taken, new ones registered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar, Literal

from pydantic import ConfigDict
from starlette.responses import JSONResponse, Response

from api.answers import CaseList, Matter, Matters, MovedDate, Registered, StepTaken, answered, as_data, coded
from api.bodies import STRICT, Body, key_of, read_around, read_command
from api.caller import Ctx
from api.case_answers import CaseAnswer, StepAnswer
from api.declared import BASE, reads, writes
from api.keys import BY_HEADER, form_id_for
from api.opening import opened_answer, profile_of
from api.refusing import told_as_problems
from api.schemas import schema_of
from api.shown import list_of
from api.shown_case import case_answer, step_answer
from cases.beside import link_to, open_beside
from cases.execute import CaseHasMoved, CaseNotFound, DatesWouldMove, execute
from cases.reading import find_case, find_with_procedure
from cases.search import DUE, OPEN
from cases.tracking import code_for, in_groups
from infra.db import transaction
from people.tokens import ACT, INTAKE, READ
from web.access import CASE_STAFF, RowId
from web.context import Context, NoSuchPage
from web.forms import blank_form
from web.presenters.case_steps import show_step
from web.presenters.choices import intake_choices
from web.presenters.deadline import derivation_as_json
from web.presenters.filters import FILTERS, Fault, read_asked
from web.presenters.foresight import seal_of
from web.presenters.found import find_page
from web.presenters.linked import case_that_was_typed
from web.problems import Problem
from web.reads import note_this_read, read_is_owed
from web.routes.cases import command_named
from web.routes.intake import INTAKE as WHO_REGISTERS
from words import Words, whole_due
from workflow.commands import Command, Intake
from workflow.foresight import Moved
from workflow.model import Reason, Refusal
from workflow.procedures import PROCEDURES
from workflow.procedures.every_case.commands import RenewCode

TEXT: Mapping[str, Any] = {"type": "string", "maxLength": 200}
#: What lists may be asked for, as the address of the page of finding has it.
ASKED = dict.fromkeys(("q", *FILTERS, "after"), TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepBody:
    """`version` is that of the matter as the program saw it; `agreed` the token of dates that the step would move; `fields` what the
    step asks for."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    version: int
    agreed: str | None = None
    fields: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterBody:
    """`matter` is a profile or a kind of matter; `beside` the matter that this one has to do with, `link_as` what it is to that."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    matter: str
    fields: dict[str, Any] = field(default_factory=dict)
    beside: str | None = None
    link_as: Literal["duplicate_of", "follows", "part_of", "related"] | None = None


# -- reading ----------------------------------------------------------------------------------------------------------


@reads("/cases", who=CASE_STAFF, code="cases", scope=READ, answers=CaseList, query=ASKED)
def list_cases(ctx: Ctx) -> Response:
    """Without anything asked, what is open, by what is due next: the work list."""
    told = dict(ctx.request.query_params)
    if not any(name in told for name in ("q", *FILTERS)):
        told |= {"show": OPEN, "sort": DUE}
    asked = read_asked(ctx, told)
    if asked.faults:
        raise Problem("query_is_wrong", status=422, beside={"faults": [_fault(one, ctx) for one in asked.faults]})
    with ctx.reading() as connection:
        page = find_page(connection, ctx, asked.wanted, after=asked.after)
    return answered(list_of(page, Words(ctx.language), asked.notes))


def _fault(fault: Fault, ctx: Context) -> dict[str, Any]:
    return {"code": fault.code, "typed": fault.typed, "words": Words(ctx.language)(fault.code, typed=fault.typed)}


@reads("/cases/{public_id}", who=CASE_STAFF, code="case", scope=READ, answers=CaseAnswer)
def one_case(ctx: Ctx, public_id: str) -> Response:
    with ctx.reading() as connection:
        case_id, _ = _found(ctx, public_id)
        answer, page = case_answer(connection, ctx, case_id)
        owed = read_is_owed(connection, ctx, case_id, own=page.own)
    if owed:
        note_this_read(ctx, case_id)
    return answered(answer)


@reads("/cases/{public_id}/steps/{command}", who=CASE_STAFF, code="step", scope=READ, answers=StepAnswer)
def one_step(ctx: Ctx, public_id: str, command: str) -> Response:
    with ctx.reading() as connection:
        shown = show_step(connection, ctx, _found(ctx, public_id)[0], command)
    return answered(step_answer(shown, Words(ctx.language)))


@reads("/cases/{public_id}/clocks/{number}", who=CASE_STAFF, code="receipt", scope=READ, answers=dict[str, Any])
def receipt(ctx: Ctx, public_id: str, number: RowId) -> Response:
    with ctx.reading() as connection:
        return JSONResponse(derivation_as_json(connection, ctx, _found(ctx, public_id)[0], number))


def _found(ctx: Context, public_id: str) -> tuple[int, str]:
    with ctx.reading() as connection:
        found = find_with_procedure(connection, public_id, actor=ctx.actor)
    if found is None:
        raise NoSuchPage
    return found


# -- taking a step ----------------------------------------------------------------------------------------------------


@writes(
    "/cases/{public_id}/steps/{command}", who=CASE_STAFF, code="take_step", scope=ACT, asks=StepBody, answers=StepTaken
)
def take_step(ctx: Ctx, body: Body, public_id: str, command: str) -> Response:
    case_id, procedure = _found(ctx, public_id)
    kind, key = command_named(procedure, command), key_of(ctx.request)
    try:
        with told_as_problems():
            asked = read_around(StepBody, body)
            made = read_command(
                kind, asked.fields, zone=ctx.office.policy.calendar.zone, find_case=partial(_named_case, ctx)
            )
            return answered(_taken(ctx, case_id, public_id, made, asked, key))
    except CaseNotFound:
        raise NoSuchPage from None
    except DatesWouldMove as dates:
        raise Problem("dates_would_move", status=409, beside=_dates(dates.moved, ctx)) from dates
    except CaseHasMoved as error:
        beside = {"expected": error.expected, "found": error.found}
        raise Problem("case_has_moved", status=409, beside=beside) from error


def _taken(ctx: Context, case_id: int, public_id: str, made: Command, asked: StepBody, key: str) -> StepTaken:
    with transaction(ctx.engine) as connection:
        request = form_id_for(connection, ctx, BY_HEADER, key)
        done = execute(
            connection, case_id, made, actor=ctx.actor, now=ctx.now, expected_version=asked.version, office=ctx.office,
            request=request, agreed=lambda moved: asked.agreed == seal_of(moved, ctx),
        )  # fmt: skip
    code = in_groups(code_for(request)) if isinstance(made, RenewCode) else None
    return StepTaken(public_id=public_id, version=done.version, seq=done.seq, tracking_code=code)


def _named_case(ctx: Context, typed: str) -> int | None:
    """A case of a number as people write it, or of an address."""
    with ctx.reading() as connection:
        found = find_case(connection, typed, actor=ctx.actor)
    return found if found is not None else case_that_was_typed(ctx, typed)


def _dates(moved: tuple[Moved, ...], ctx: Context) -> dict[str, Any]:
    """What would move, and what says that it was seen."""
    words, calendar = Words(ctx.language), ctx.office.policy.calendar
    return {
        "agree": seal_of(moved, ctx),
        "dates": [
            as_data(
                MovedDate(
                    clock=coded(words, "clock", one.after.name), before=one.before.due_at, after=one.after.due_at,
                    before_words=whole_due(one.before, calendar, ctx.language),
                    after_words=whole_due(one.after, calendar, ctx.language), is_asked=one.asked,
                )
            )
            for one in moved
        ],
    }  # fmt: skip


# -- registering ------------------------------------------------------------------------------------------------------


@reads("/matters", who=WHO_REGISTERS, code="matters", scope=INTAKE, answers=Matters)
def matters(ctx: Ctx) -> Response:
    """What may be registered here, and what each asks for."""
    words = Words(ctx.language)
    found = []
    for profile in ctx.office.taken_in():
        opens = PROCEDURES[profile.procedure].opens
        found.append(
            Matter(
                profile=profile.id, matter=profile.matter,
                name=ctx.in_their_language(profile.zh, profile.en),
                procedure=coded(words, "procedure", profile.procedure),
                fields=schema_of(opens, words, blank_form(opens, intake_choices())),
            )
        )  # fmt: skip
    return answered(Matters(items=tuple(found)))


@writes("/cases", who=WHO_REGISTERS, code="register", scope=INTAKE, asks=RegisterBody, answers=Registered, status=201)
def register(ctx: Ctx, body: Body) -> Response:
    key = key_of(ctx.request)
    with told_as_problems():
        asked = read_around(RegisterBody, body)
        profile = profile_of(ctx, asked.matter)
        kind = PROCEDURES[profile.procedure].opens
        made = read_command(kind, asked.fields, zone=ctx.office.policy.calendar.zone)
        assert isinstance(made, Intake)
        link = _link(ctx, asked)
        with transaction(ctx.engine) as connection:
            request = form_id_for(connection, ctx, BY_HEADER, key)
            opened = open_beside(
                connection, made, link=link, profile=profile.id, actor=ctx.actor, now=ctx.now, office=ctx.office,
                request=request,
            )  # fmt: skip
    answer = opened_answer(ctx, opened)
    return answered(answer, status=201, headers={"Location": f"{BASE}/cases/{answer.public_id}"})


def _link(ctx: Context, asked: RegisterBody) -> Any:
    """What the new matter is to another; None beside none. Raises `Refusal`."""
    if asked.beside is None:
        return None
    with ctx.reading() as connection:
        other = find_case(connection, asked.beside, actor=ctx.actor)
    if other is None:
        raise Refusal((Reason(code="form.not_a_case", field="beside"),))
    if asked.link_as is None:
        raise Refusal((Reason(code="link.choose", field="link_as"),))
    return link_to(other, asked.link_as)
