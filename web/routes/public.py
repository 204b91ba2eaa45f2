"""What a petitioner may do: file a matter, keep the receipt, follow the matter with its code, rate the answer."""

import logging
from dataclasses import replace

from starlette.responses import JSONResponse, Response

from cases import tracking
from cases.execute import execute, open_case
from cases.rating_origins import origin_of, remember_origin
from cases.repeats import FormWasUsed
from infra.db import transaction
from infra.keys import KeyIsExposed, KeyIsUnreadable
from people.office_keys import RATINGS, KeyIsNotPinned, secret_of_office
from people.signin import begin_session, end_session
from web.access import PETITIONER, PUBLIC, RowId, get, post
from web.context import SESSION_COOKIE, Context, Ctx, NoSuchPage, cookie_of, intake_actor
from web.cookies import end, start
from web.forms import FormIsWrong, FormView, as_typed, blank_form, read_form, with_errors
from web.just_sent import remember_sent, was_just_sent
from web.pages import render, see_other, too_early, whole_seconds
from web.posted import Form, Posted, SessionForm
from web.presenters.choices import intake_choices
from web.presenters.deadline import derivation_as_json, show_derivation
from web.presenters.tracked import show_tracked, where_to_follow
from web.slowing import address_of, wait_after_code, wait_after_filing
from workflow.commands import Command, Intake
from workflow.model import CaseId, Reason, Refusal
from workflow.procedures import PROCEDURES
from workflow.procedures.every_case.commands import AskToWithdraw, GoOnWithIt, Rate, WriteBack

log = logging.getLogger(__name__)

#: What a person may file: matters that are called like their procedure, and the command that opens each.
FILED: dict[str, type[Intake]] = {one.name: one.opens for one in PROCEDURES.values() if one.is_filed_online}
#: Fields that a petitioner has no business with: the channel is this page, and now is when it comes in.
NOT_ASKED = frozenset({"channel", "received_at", "identity_unclear"})


@get("/file", who=PUBLIC)
def choose_what_to_file(ctx: Ctx) -> Response:
    taken = [matter for matter in FILED if ctx.office.profile_of(matter)]
    return render(ctx, "pages/file_choice.html", taken=taken)


@get("/file/{matter}", who=PUBLIC)
def filing_form(ctx: Ctx, matter: str) -> Response:
    kind, _ = _kind(ctx, matter)
    return _filing_page(ctx, matter, blank_form(kind, intake_choices()))


@post("/file/{matter}", who=PUBLIC)
def file_matter(ctx: Ctx, form: Form, matter: str) -> Response:
    """Opens the case and shows the receipt. Sending the form again shows the same receipt."""
    kind, profile = _kind(ctx, matter)
    if was_just_sent(ctx, form):
        typed = as_typed(kind, form.fields(), intake_choices())
        return _filing_page(ctx, matter, typed, just_sent=True, status=409)
    try:
        zone = ctx.office.policy.calendar.zone
        command = read_form(kind, form.fields(), intake_choices(), zone=zone, hidden=NOT_ASKED)
        assert isinstance(command, Intake)
        with transaction(ctx.engine) as connection:
            opened = open_case(
                connection,
                _online(command),
                profile=profile,
                actor=intake_actor(ctx),
                now=ctx.now,
                office=ctx.office,
                request=form.form_id,
            )
            if not opened.repeated and (wait := wait_after_filing(connection, ctx, form.form_id)):
                raise Refusal((Reason(code="file.too_many", values={"seconds": whole_seconds(wait)}),))
    except FormIsWrong as error:
        return _filing_page(ctx, matter, error.form, form_id=form.form_id, status=422)
    except Refusal as refusal:
        typed = with_errors(as_typed(kind, form.fields(), intake_choices()), refusal.reasons)
        return _filing_page(ctx, matter, typed, form_id=form.form_id, status=422)
    except FormWasUsed:
        typed = as_typed(kind, form.fields(), intake_choices())
        return _filing_page(ctx, matter, typed, was_used=True, status=409)
    with ctx.reading() as connection:
        tracked = show_tracked(connection, ctx, CaseId(opened.case_id))
    page = render(
        ctx, "pages/receipt.html", code=tracking.in_groups(opened.code), proof=tracking.in_groups(opened.proof),
        tracked=tracked, follow=where_to_follow(ctx),
    )  # fmt: skip
    return remember_sent(ctx, form, page)


@get("/track", who=PUBLIC)
def ask_for_code(ctx: Ctx) -> Response:
    return render(ctx, "pages/track.html", error=None, seconds=0)


@post("/track", who=PUBLIC, dated=False)
def open_with_code(ctx: Ctx, form: SessionForm) -> Response:
    typed = form.one("code")
    with transaction(ctx.engine) as connection:
        case_id = tracking.case_of(connection, typed)
        old = cookie_of(ctx.request, SESSION_COOKIE)
        if case_id is not None and old:
            end_session(connection, old)
        token = begin_session(connection, case=CaseId(case_id), now=ctx.now) if case_id is not None else None
    if token is not None:
        return start(see_other("/track/case"), token, ctx.site.settings)
    code = tracking.read_code(typed)
    if code and (wait := wait_after_code(ctx, code)):
        return too_early(ctx, "pages/track.html", wait, error="code.too_many_tries")
    return render(ctx, "pages/track.html", status=422, error="code.unknown", seconds=0)


@get("/track/case", who=PETITIONER)
def tracked_case(ctx: Ctx) -> Response:
    return _tracked_page(ctx)


@get("/track/case/clocks/{number}", who=PETITIONER)
def why_this_date(ctx: Ctx, number: RowId) -> Response:
    with ctx.reading() as connection:
        found = show_derivation(connection, ctx, _own_case(ctx), number)
    back = "/track/case"
    return render(ctx, "pages/deadline.html", derivation=found, back=back, json=f"{back}/clocks/{number}/json")


@get("/track/case/clocks/{number}/json", who=PETITIONER)
def why_this_date_as_json(ctx: Ctx, number: RowId) -> Response:
    with ctx.reading() as connection:
        return JSONResponse(derivation_as_json(connection, ctx, _own_case(ctx), number))


@post("/track/rating", who=PETITIONER)
def rate(ctx: Ctx, form: Form) -> Response:
    case_id, origin = _own_case(ctx), _origin(ctx)
    try:
        command = read_form(Rate, form.fields(), {}, zone=ctx.office.policy.calendar.zone)
        with transaction(ctx.engine) as connection:
            execute(
                connection,
                case_id,
                command,
                actor=ctx.actor,
                now=ctx.now,
                expected_version=None,  # a rating is right whatever else has happened since the page was opened
                office=ctx.office,
                request=form.form_id,
            )
            if origin:
                remember_origin(connection, case_id, origin, now=ctx.now)
    except FormIsWrong as error:
        return _tracked_page(ctx, returned=error.form, status=422)
    except Refusal as refusal:
        typed = with_errors(as_typed(Rate, form.fields(), {}), refusal.reasons)
        return _tracked_page(ctx, returned=typed, status=422)
    except FormWasUsed:
        return _tracked_page(ctx, returned=as_typed(Rate, form.fields(), {}), was_used=True, status=409)
    return see_other("/track/case")


@post("/track/withdrawal", who=PETITIONER)
def ask_to_withdraw(ctx: Ctx, form: Form) -> Response:
    return _wish(ctx, form, AskToWithdraw())


@post("/track/withdrawal/drop", who=PETITIONER)
def go_on_with_it(ctx: Ctx, form: Form) -> Response:
    return _wish(ctx, form, GoOnWithIt())


def _wish(ctx: Context, form: Posted, command: Command) -> Response:
    """What the person wants of their own matter; asked twice is asked once, and what is not open any more changes nothing. Each
    change of mind is a mail to somebody: there are no more of them than of filings."""
    case_id = _own_case(ctx)
    try:
        with transaction(ctx.engine) as connection:
            done = execute(
                connection, case_id, command, actor=ctx.actor, now=ctx.now, expected_version=None, office=ctx.office,
                request=form.form_id,
            )  # fmt: skip
            if not done.repeated and (wait := wait_after_filing(connection, ctx, form.form_id)):
                raise _TooOften(Reason(code="file.too_many", values={"seconds": whole_seconds(wait)}))
    except _TooOften as refused:
        return _tracked_page(ctx, message=with_errors(blank_form(WriteBack, {}), refused.reasons), status=422)
    except (Refusal, FormWasUsed):
        log.info("a wish came too late or twice", extra={"case": case_id})
    return see_other("/track/case")


class _TooOften(Refusal):
    """So many changes of mind that nothing of this one is kept."""

    def __init__(self, reason: Reason) -> None:
        super().__init__((reason,))


@post("/track/message", who=PETITIONER)
def write_back(ctx: Ctx, form: Form) -> Response:
    """Something that the person adds to their matter; whoever has it in hand is told."""
    case_id = _own_case(ctx)
    try:
        command = read_form(WriteBack, form.fields(), {}, zone=ctx.office.policy.calendar.zone)
        with transaction(ctx.engine) as connection:
            done = execute(
                connection, case_id, command, actor=ctx.actor, now=ctx.now, expected_version=None, office=ctx.office,
                request=form.form_id,
            )  # fmt: skip
            if not done.repeated and (wait := wait_after_filing(connection, ctx, form.form_id)):
                raise Refusal((Reason(code="file.too_many", values={"seconds": whole_seconds(wait)}),))
    except FormIsWrong as error:
        return _tracked_page(ctx, message=error.form, status=422)
    except Refusal as refusal:
        typed = with_errors(as_typed(WriteBack, form.fields(), {}), refusal.reasons)
        return _tracked_page(ctx, message=typed, status=422)
    except FormWasUsed:
        return _tracked_page(ctx, message=as_typed(WriteBack, form.fields(), {}), was_used=True, status=409)
    return see_other("/track/case")


@post("/track/leave", who=PUBLIC, dated=False)
def leave(ctx: Ctx, form: SessionForm) -> Response:  # noqa: ARG001 (the form's token is checked by asking for it)
    return end(ctx, see_other("/"))


def _origin(ctx: Context) -> str | None:
    """Where this request comes from, as a keyed hash. A rating is taken whether or not that can be told."""
    address = address_of(ctx.request)
    if not address:
        return None
    home = ctx.site.settings.home
    try:
        with transaction(ctx.engine) as connection:
            key = secret_of_office(connection, home, RATINGS, now=ctx.now)
    except (KeyIsExposed, KeyIsUnreadable, KeyIsNotPinned, OSError):
        log.warning("the key for the origins of ratings cannot be used")
        return None
    return origin_of(address, key=key, year=ctx.today.year)


def _tracked_page(
    ctx: Context,
    *,
    returned: FormView | None = None,
    message: FormView | None = None,
    was_used: bool = False,
    status: int = 200,
) -> Response:
    with ctx.reading() as connection:
        tracked = show_tracked(connection, ctx, CaseId(_own_case(ctx)))
    form = returned or (blank_form(Rate, {}) if tracked.may_rate else None)
    message = message or (blank_form(WriteBack, {}) if tracked.may_write else None)
    return render(
        ctx, "pages/tracked.html", status=status, tracked=tracked, form=form, message=message, was_used=was_used
    )


def _filing_page(
    ctx: Context,
    matter: str,
    form: FormView,
    *,
    form_id: str | None = None,
    was_used: bool = False,
    just_sent: bool = False,
    status: int = 200,
) -> Response:
    return render(
        ctx, "pages/file.html", status=status, matter=matter, form=form, form_id=form_id, hidden=NOT_ASKED,
        was_used=was_used, just_sent=just_sent,
    )  # fmt: skip


def _online(command: Intake) -> Intake:
    return replace(command, channel="online", received_at=None)


def _kind(ctx: Context, matter: str) -> tuple[type[Intake], str]:
    """The command and the profile of a matter that may be filed here."""
    profile = ctx.office.profile_of(matter)
    if matter not in FILED or profile is None:
        raise NoSuchPage
    return FILED[matter], profile


def _own_case(ctx: Context) -> int:
    if ctx.petitioner_case is None:
        raise NoSuchPage
    return ctx.petitioner_case
