"""The administrator's policy page: what is in force, a dry run of a change, and publishing exactly that.

Nothing typed is lost: a file that is wrong comes back with its faults, a book that has moved with the plan as it is now.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import Connection
from starlette.responses import Response

from cases.moving import BookHasMoved, apply_plan
from cases.numbers import case_number
from cases.office import choose, choose_own_scheme
from cases.planning import Change, Plan, planned
from cases.policies import candidate_of, dated_versions, files_of, was_applied
from cases.statutory_days import missing_days, notice_remarks
from infra.db import transaction
from reports.years.sheet_files import refusal_code, scheme_name
from web.access import ADMINISTRATION, get, post
from web.context import Context, Ctx
from web.pages import render, see_other
from web.posted import Form, Posted
from words import Words, fault_words, whole_due
from workflow.model import Light
from workflow.notices import NoticeIsWrong, as_toml, from_json, read_notice
from workflow.policy import NoSuchScheme
from workflow.policy_files import PolicyIsWrong
from workflow.unseen import seen

#: What may be pasted: a policy file, or a year's notice that becomes one.
KINDS = ("toml", "csv", "json")
#: Changes that a page shows; the figures above them count all.
SHOWN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What was typed. `name` is the file that the text takes the place of."""

    name: str = "calendars/cn-2027.toml"
    kind: str = "toml"
    year: str = ""
    source: str = ""
    content: str = ""
    keep_rules: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One change as the page shows it."""

    number: str
    clock: str
    rule: str
    due: tuple[str, ...]
    lights: tuple[Light, ...]
    no_longer_provisional: bool
    waiver: bool
    mails: int


@get("/policy", who=ADMINISTRATION)
def policy(ctx: Ctx) -> Response:
    return _page(ctx, Draft())


@post("/policy/plan", who=ADMINISTRATION)
def plan(ctx: Ctx, form: Form) -> Response:
    """The dry run. Changes nothing."""
    draft = _draft(form)
    try:
        rows, found, remarks = _planned(ctx, draft)
    except (PolicyIsWrong, NoticeIsWrong) as error:
        return _page(ctx, draft, faults=_faults(error, draft, Words(ctx.language)), status=422)
    return _page(ctx, draft, found=found, rows=rows, remarks=remarks)


@post("/policy/apply", who=ADMINISTRATION)
def apply(ctx: Ctx, form: Form) -> Response:
    """Publishes, and applies exactly the plan that was read; 409 with the plan as it is now if the book has moved."""
    draft = _draft(form)
    try:
        with ctx.reading() as connection:
            given, _ = _given(ctx, draft)
            files, candidate = candidate_of(connection, given, calendar=ctx.office.policy.calendar.name)
        apply_plan(
            ctx.engine,
            form.one("plan"),
            files,
            candidate,
            actor=ctx.actor,
            now=ctx.now,
            keep_rules=bool(draft.keep_rules),
        )
    except (PolicyIsWrong, NoticeIsWrong) as error:
        return _page(ctx, draft, faults=_faults(error, draft, Words(ctx.language)), status=422)
    except BookHasMoved:
        with ctx.reading() as connection:
            if candidate.version == ctx.office.policy.version and was_applied(connection, form.one("plan")):
                return see_other("/policy", done="policy_published")  # the same form, sent twice
        rows, found, remarks = _planned(ctx, draft)
        return _page(ctx, draft, found=found, rows=rows, remarks=remarks, moved=True, status=409)
    return see_other("/policy", done="policy_published")


@post("/policy/profiles", who=ADMINISTRATION)
def choose_profiles(ctx: Ctx, form: Form) -> Response:
    """What the office takes in from now on."""
    known = ctx.office.policy.profiles
    ticked = tuple(dict.fromkeys(one for one in form.values.get("profile", ()) if one in known))
    if not ticked:
        return _page(ctx, Draft(), faults=(Words(ctx.language)("policy.choose_one"),), status=422)
    kept = tuple(one for one in ctx.office.profiles if one in ticked)  # the order of the intake desk stays
    with transaction(ctx.engine) as connection:
        choose(
            connection, ctx.office, kept + tuple(one for one in ticked if one not in kept), actor=ctx.actor, now=ctx.now
        )
    return see_other("/policy", done="profiles_saved")


@post("/policy/scheme", who=ADMINISTRATION)
def choose_scheme(ctx: Ctx, form: Form) -> Response:
    """What the office scores by from now on."""
    try:
        with transaction(ctx.engine) as connection:
            choose_own_scheme(connection, ctx.office, form.one("scheme"), actor=ctx.actor, now=ctx.now)
    except NoSuchScheme as error:
        words = Words(ctx.language)
        said = words(refusal_code(error), name=error.name, known=words(", ").join(error.known))
        return _page(ctx, Draft(), faults=(said,), status=422)
    return see_other("/policy", done="scheme_saved")


def _draft(form: Posted) -> Draft:
    typed = {name: form.one(name) for name in Draft.__dataclass_fields__}
    return Draft(
        **{
            **typed,
            "name": seen(typed["name"]),
            "kind": typed["kind"] if typed["kind"] in KINDS else "toml",
        }
    )


def _given(ctx: Context, draft: Draft) -> tuple[dict[str, bytes], list[str]]:
    """The file that the draft makes, and what must be known of its notice. Raises `NoticeIsWrong` for one that cannot be
    read."""
    if not draft.name:
        raise NoticeIsWrong("calendar.name", line=1)
    if draft.kind == "toml":
        return {draft.name: draft.content.encode()}, []
    present = ctx.office.policy.calendar
    if not (draft.year.isascii() and draft.year.isdecimal() and len(draft.year) == 4 and seen(draft.source)):
        raise NoticeIsWrong("calendar.year_and_source_here", line=1)
    year = int(draft.year)
    read = (from_json if draft.kind == "json" else read_notice)(draft.content, year=year)
    missing = missing_days(
        read.off, year=year, zone=present.zone.key, extends=present.extends, language=ctx.language
    )  # fmt: skip
    made = as_toml(
        present.name, year, read.off, read.work, source=seen(draft.source), extends=present.extends,
        zone=None if present.extends else present.zone.key, provisional=bool(missing),
    )  # fmt: skip
    return {draft.name: made.encode()}, notice_remarks(read, missing, Words(ctx.language))


def _planned(ctx: Context, draft: Draft) -> tuple[list[Row], Plan, list[str]]:
    changes: list[Change] = []

    def note(change: Change) -> None:
        if len(changes) < SHOWN:
            changes.append(change)

    given, remarks = _given(ctx, draft)
    with ctx.reading() as connection:
        _, candidate = candidate_of(connection, given, calendar=ctx.office.policy.calendar.name)
        found = planned(connection, candidate, now=ctx.now, keep_rules=bool(draft.keep_rules), note=note)
    return [_row(change, ctx) for change in changes], found, remarks


def _row(change: Change, ctx: Context) -> Row:
    due = (whole_due(clock, ctx.office.policy.calendar, ctx.language) for clock in (change.before, change.after))
    book = change.book
    return Row(
        number=case_number(ctx.office.short_name, book.series, book.year, book.serial),
        clock=change.before.name,
        rule=change.after.rule,
        due=tuple(dict.fromkeys(due)),
        lights=tuple(dict.fromkeys((change.light_before, change.light_after))),
        no_longer_provisional=change.before.provisional and not change.after.provisional,
        waiver=bool(change.waiver_proposed),
        mails=len(change.mails),
    )


def _faults(error: PolicyIsWrong | NoticeIsWrong, draft: Draft, words: Words) -> tuple[str, ...]:
    if isinstance(error, NoticeIsWrong):
        return (f"{draft.name}:{error.line}: {words(error.code, value=error.value)}",)
    return tuple(fault_words(fault, words) for fault in islice(error.faults, 50))


def _page(
    ctx: Context, draft: Draft, *, found: Plan | None = None, rows: list[Row] | None = None, faults: tuple[str, ...] = (),
    remarks: Sequence[str] = (), moved: bool = False, status: int = 200,
) -> Response:  # fmt: skip
    with ctx.reading() as connection:
        published = _published(connection, ctx)
        names = sorted(files_of(connection, published[-1][0]))
    return render(
        ctx, "pages/policy.html", status=status, published=published, names=names, kinds=KINDS, draft=draft, found=found,
        rows=rows or [], faults=faults, remarks=remarks, moved=moved, years=_years(ctx), chosen=ctx.office.taken_in(),
        schemes=[(one.id, scheme_name(one, ctx.language)) for one in ctx.office.policy.schemes.values()],
    )  # fmt: skip


def _published(connection: Connection, ctx: Context) -> list[tuple[str, str]]:
    return [(name, ctx.minute(at)) for name, at in dated_versions(connection)]


def _years(ctx: Context) -> list[tuple[int, bool]]:
    """The years that the calendar knows, and whether their notice is published."""
    calendar = ctx.office.policy.calendar
    return [(year, year in calendar.published) for year in sorted(calendar.notices)]
