"""One step for several matters of a list: which were chosen, what the step asks once, and what came of each."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection
from starlette.responses import Response

from cases import reading as record
from cases.at_once import AT_MOST, COLUMNS, TakenAtOnce, take_each
from cases.visibility import case, visible_cases
from web.access import get, post
from web.context import Context, Ctx, NoSuchPage
from web.forms import Choices, FormIsWrong, FormView, as_typed, blank_form, read_form, with_errors
from web.pages import render
from web.posted import Form, Posted
from web.presenters.at_once import AT_ONCE, WORKING
from web.presenters.choices import choices_for
from web.presenters.matters import CASES, matters_of
from web.presenters.situations import situation_of
from workflow.commands import Command
from workflow.model import Reason
from workflow.procedures import PROCEDURES

NOTHING_CHOSEN = Reason(code="at_once.choose")


@get("/at-once/{command}", who=WORKING)
def choose_at_once(ctx: Ctx, command: str) -> Response:
    kind, chosen = _kind(ctx, command), ctx.request.query_params.getlist(CASES)
    with ctx.reading() as connection:
        rows = _chosen(connection, ctx, chosen)
        form = blank_form(kind, _choices(connection, ctx, kind, rows))
        if not rows:
            form = with_errors(form, [NOTHING_CHOSEN])
        return _page(connection, ctx, kind, rows, form, status=200 if rows else 422)


@post("/at-once/{command}", who=WORKING)
def take_at_once(ctx: Ctx, form: Form, command: str) -> Response:
    """Takes the step for each that was chosen, and says what came of each."""
    kind, chosen = _kind(ctx, command), form.values.get(CASES, [])
    typed = {name: said for name, said in form.fields().items() if name != CASES}
    with ctx.reading() as connection:
        rows = _chosen(connection, ctx, chosen)
        choices = _choices(connection, ctx, kind, rows)
    try:
        taken = read_form(kind, typed, None, zone=ctx.office.policy.calendar.zone)
        wrong: tuple[Reason, ...] = () if rows else (NOTHING_CHOSEN,)
    except FormIsWrong as error:
        wrong = error.form.all_errors
    if wrong:
        again = with_errors(as_typed(kind, typed, choices), wrong)
        with ctx.reading() as connection:
            return _page(connection, ctx, kind, rows, again, posted=form, status=422)
    done = take_each(
        ctx.engine, [row.id for row in rows], taken, actor=ctx.actor, now=ctx.now, office=ctx.office,
        request=form.form_id,
    )  # fmt: skip
    with ctx.reading() as connection:
        return _page(connection, ctx, kind, rows, None, done=done)


def _kind(ctx: Context, name: str) -> type[Command]:
    found = AT_ONCE.get(name)
    if found is None or ctx.actor.role not in found.roles:
        raise NoSuchPage
    return found.command


def _chosen(connection: Connection, ctx: Context, wanted: Sequence[str]) -> list[Any]:
    """Those of the addresses that are open matters of the reader, due first; of the others nothing is said."""
    query = visible_cases(ctx.actor, *COLUMNS).where(
        case.public_id.in_(set(wanted[:AT_MOST])), case.closed_at.is_(None)
    )
    return list(connection.execute(query.order_by(case.next_due_at, case.id)))


def _choices(connection: Connection, ctx: Context, kind: type[Command], rows: Sequence[Any]) -> Choices:
    """What there is to choose from for the first of them that has the step; of the others the rules are asked alone."""
    for row in rows:
        situation, _ = situation_of(connection, ctx, row.id, command=kind.__name__)
        if kind.__name__ in PROCEDURES[situation.facts.procedure].commands:
            texts = record.texts_of(connection, [row.id], actor=ctx.actor).get(row.id, {})
            choices = choices_for(connection, ctx, situation, texts, of=[kind])
            if all(choices.values()):
                return choices
    return {}


def _page(
    connection: Connection, ctx: Context, kind: type[Command], rows: Sequence[Any], form: FormView | None, *,
    posted: Posted | None = None, done: Sequence[TakenAtOnce] | None = None, status: int = 200,
) -> Response:  # fmt: skip
    shown = matters_of(connection, ctx, rows, done=done or ())
    return render(
        ctx, "pages/at_once.html", status=status, command=kind.__name__, rows=shown, form=form, finished=done is not None,
        taken=sum(row.done for row in shown), form_id=posted.form_id if posted else None,
    )  # fmt: skip
