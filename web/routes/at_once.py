"""One step for several matters of a list: which were chosen, what the step asks once, and what came of each."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection
from starlette.responses import Response

from cases import reading as record
from cases.at_once import AT_MOST, TakenAtOnce, take_each
from cases.numbers import case_number
from cases.visibility import case, visible_cases
from web.access import get, post
from web.context import Context, Ctx, NoSuchPage
from web.forms import FormIsWrong, FormView, as_typed, blank_form, read_form, with_errors
from web.pages import render
from web.posted import Form, Posted
from web.presenters.at_once import AT_ONCE, WORKING
from web.presenters.choices import choices_for
from web.presenters.lights import LightView, case_light
from web.presenters.situations import situation_of
from workflow.commands import Command
from workflow.model import Reason
from workflow.procedures import PROCEDURES

#: The boxes of the matters, beside the fields of the command.
CASES = "cases"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """One matter of those that were ticked; `reasons` say why it stayed as it is, `done` that it did not."""

    id: int
    public_id: str
    number: str
    title: str | None
    dispute_type: str
    light: LightView
    done: bool = False
    reasons: tuple[Reason, ...] = ()


@get("/at-once/{command}", who=WORKING)
def choose_at_once(ctx: Ctx, command: str) -> Response:
    kind, chosen = _kind(ctx, command), ctx.request.query_params.getlist(CASES)
    with ctx.reading() as connection:
        rows = _chosen(connection, ctx, chosen)
        form = _blank(connection, ctx, kind, rows)
    if not rows:
        form = with_errors(form, [Reason(code="at_once.choose")])
    return _page(ctx, kind, rows, form, status=200 if rows else 422)


@post("/at-once/{command}", who=WORKING)
def take_at_once(ctx: Ctx, form: Form, command: str) -> Response:
    """Takes the step for each that was chosen, and says what came of each."""
    kind, chosen = _kind(ctx, command), form.values.get(CASES, [])
    typed = {name: said for name, said in form.fields().items() if name != CASES}
    with ctx.reading() as connection:
        rows = _chosen(connection, ctx, chosen)
    try:
        taken = read_form(kind, typed, None, zone=ctx.office.policy.calendar.zone)
        if not rows:
            raise FormIsWrong(with_errors(as_typed(kind, typed, {}), [Reason(code="at_once.choose")]))
    except FormIsWrong as error:
        with ctx.reading() as connection:
            blank = _blank(connection, ctx, kind, rows)
        again = with_errors(_with_values(blank, typed), error.form.all_errors)
        return _page(ctx, kind, rows, again, posted=form, status=422)
    done = take_each(
        ctx.engine, [row.id for row in rows], taken, actor=ctx.actor, now=ctx.now, office=ctx.office,
        request=form.form_id,
    )  # fmt: skip
    return _page(ctx, kind, rows, None, done=done)


def _kind(ctx: Context, name: str) -> type[Command]:
    found = AT_ONCE.get(name)
    if found is None or ctx.actor.role not in found.roles:
        raise NoSuchPage
    return found.command


def _chosen(connection: Connection, ctx: Context, wanted: Sequence[str]) -> list[Chosen]:
    """Those of the addresses that are open matters of the reader, due first; of the others nothing is said."""
    columns = (case.id, case.public_id, case.series, case.year, case.serial, case.dispute_type)
    query = visible_cases(ctx.actor, *columns).where(
        case.public_id.in_(set(wanted[:AT_MOST])), case.closed_at.is_(None)
    )
    rows = list(connection.execute(query.order_by(case.next_due_at, case.id)))
    ids = [row.id for row in rows]
    titles = record.titles_of(connection, ids, actor=ctx.actor) if ids else {}
    clocks = record.clocks_of(connection, ids, actor=ctx.actor) if ids else {}
    return [
        Chosen(
            id=row.id, public_id=row.public_id, number=case_number(ctx.office.short_name, row.series, row.year, row.serial),
            title=titles.get(row.id, (None, []))[0], dispute_type=row.dispute_type,
            light=case_light(clocks.get(row.id, ()), ctx),
        )
        for row in rows
    ]  # fmt: skip


def _blank(connection: Connection, ctx: Context, kind: type[Command], rows: Sequence[Chosen]) -> FormView:
    """The form with what there is to choose from for the first of them that has the step; the others are asked alone."""
    for row in rows:
        situation, _ = situation_of(connection, ctx, row.id, command=kind.__name__)
        if kind.__name__ not in PROCEDURES[situation.facts.procedure].commands:
            continue
        texts = record.texts_of(connection, [row.id], actor=ctx.actor).get(row.id, {})
        choices = choices_for(connection, ctx, situation, texts, of=[kind])
        if all(choices.values()):
            return blank_form(kind, choices)
    return blank_form(kind, {})


def _with_values(form: FormView, typed: dict[str, list[str]]) -> FormView:
    fields = tuple(replace(field, values=tuple(typed.get(field.name, ()))) for field in form.fields)
    return replace(form, fields=fields)


def _page(
    ctx: Context, kind: type[Command], rows: Sequence[Chosen], form: FormView | None, *, posted: Posted | None = None,
    done: Sequence[TakenAtOnce] | None = None, status: int = 200,
) -> Response:  # fmt: skip
    came = {one.case_id: one.reasons for one in done or ()}
    shown = [replace(row, done=row.id in came and not came[row.id], reasons=came.get(row.id, ())) for row in rows]
    return render(
        ctx, "pages/at_once.html", status=status, command=kind.__name__, rows=shown, form=form, finished=done is not None,
        taken=sum(row.done for row in shown), form_id=posted.form_id if posted else None,
    )  # fmt: skip
