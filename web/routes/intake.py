"""Registration of new cases by staff; one may be registered beside another, as a part of it or as what follows it."""

from dataclasses import dataclass
from functools import partial
from typing import get_args, get_type_hints

from starlette.responses import Response

from cases.beside import link_to, open_beside
from cases.numbers import case_number
from cases.reading import find_case
from cases.repeats import FormWasUsed
from cases.tracking import in_groups
from cases.visibility import case, visible_cases
from infra.db import transaction
from web.access import get, post
from web.context import Context, Ctx, NoSuchPage
from web.forms import FormIsWrong, FormView, as_typed, blank_form, read_form, with_errors
from web.just_sent import remember_sent, was_just_sent
from web.pages import render
from web.posted import Form, Posted
from web.presenters.choices import intake_choices
from web.presenters.tracked import show_tracked, where_to_follow
from workflow.commands import Intake
from workflow.model import CaseId, Reason, Refusal, Role
from workflow.policy import Profile
from workflow.procedures import PROCEDURES
from workflow.procedures.every_case.commands import LinkCases

INTAKE = frozenset({Role.CLERK, Role.COORDINATOR})
#: What the form carries of the other case, beside the fields of the command: its address, and what the new one is to it.
OF, LINK = "beside", "link_as"
KINDS: tuple[str, ...] = get_args(get_type_hints(LinkCases)["kind"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """The case that a new one is registered beside."""

    id: int
    public_id: str
    number: str


@get("/intake", who=INTAKE)
def choose_matter(ctx: Ctx, beside: str | None = None) -> Response:
    other = _beside(ctx, beside)
    return render(ctx, "pages/intake_choice.html", profiles=ctx.office.taken_in(), beside=other)


@get("/intake/{matter}", who=INTAKE)
def intake_form(ctx: Ctx, matter: str, beside: str | None = None) -> Response:
    profile, other = _profile(ctx, matter), _beside(ctx, beside)
    procedure = PROCEDURES[profile.procedure]
    preset = {"channel": procedure.channel_of[profile.matter]} if profile.matter in procedure.channel_of else {}
    return _intake_page(ctx, profile, blank_form(procedure.opens, intake_choices(), preset=preset), beside=other)


@post("/intake/{matter}", who=INTAKE)
def register(ctx: Ctx, form: Form, matter: str) -> Response:
    profile, other, chosen = _profile(ctx, matter), _beside(ctx, form.one(OF) or None), form.one(LINK)
    kind = PROCEDURES[profile.procedure].opens
    typed = {name: said for name, said in form.fields().items() if name not in (OF, LINK)}
    again = partial(_intake_page, ctx, profile, beside=other, chosen=chosen)
    if was_just_sent(ctx, form):
        return again(as_typed(kind, typed, intake_choices()), status=409, just_sent=True)
    try:
        command = read_form(kind, typed, intake_choices(), zone=ctx.office.policy.calendar.zone)
        assert isinstance(command, Intake)
        if other and chosen not in KINDS:
            raise FormIsWrong(with_errors(as_typed(kind, typed, intake_choices()), [Reason(code="link.choose")]))
        with transaction(ctx.engine) as connection:
            opened = open_beside(
                connection, command, link=link_to(other.id, chosen) if other else None, profile=profile.id,
                actor=ctx.actor, now=ctx.now, office=ctx.office, request=form.form_id,
            )  # fmt: skip
    except FormIsWrong as error:
        return again(error.form, posted=form, status=422)
    except Refusal as refusal:
        wrong = with_errors(as_typed(kind, typed, intake_choices()), refusal.reasons)
        return again(wrong, posted=form, status=422)
    except FormWasUsed:
        return again(as_typed(kind, typed, intake_choices()), status=409, was_used=True)
    with ctx.reading() as connection:
        tracked = show_tracked(connection, ctx, CaseId(opened.case_id))
    page = render(
        ctx, "pages/registered.html", opened=opened, code=in_groups(opened.code), proof=in_groups(opened.proof),
        tracked=tracked, follow=where_to_follow(ctx),
    )  # fmt: skip
    return remember_sent(ctx, form, page)


def _intake_page(
    ctx: Context, profile: Profile, form: FormView, *, beside: Beside | None, chosen: str = "",
    posted: Posted | None = None, was_used: bool = False, just_sent: bool = False, status: int = 200,
) -> Response:  # fmt: skip
    return render(
        ctx, "pages/intake.html", status=status, profile=profile, form=form, was_used=was_used, just_sent=just_sent, beside=beside,
        form_id=posted.form_id if posted else None, chosen=chosen, kinds=KINDS,
    )  # fmt: skip


def _beside(ctx: Context, public_id: str | None) -> Beside | None:
    """Raises `NoSuchPage` for a case that does not exist for the reader."""
    if public_id is None:
        return None
    with ctx.reading() as connection:
        found = find_case(connection, public_id, actor=ctx.actor)
        if found is None:
            raise NoSuchPage
        columns = (case.series, case.year, case.serial)
        row = connection.execute(visible_cases(ctx.actor, *columns).where(case.id == found)).one()
    number = case_number(ctx.office.short_name, row.series, row.year, row.serial)
    return Beside(id=found, public_id=public_id, number=number)


def _profile(ctx: Context, matter: str) -> Profile:
    """The profile that a matter is opened under, by its own name or by the kind of matter."""
    found = ctx.office.profile_of(matter)
    if found is None:
        raise NoSuchPage
    return ctx.office.policy.profiles[found]
