"""Who stands in for whom, and from when until when: said by whoever answers for the people of a unit."""

from sqlalchemy import Connection
from starlette.responses import Response

from infra.db import transaction
from ledger.chain import request_key, wait_for_key
from people.asked import NameDeputy
from people.deputies import MAY_NAME, may_name_for, may_stand_in, name_deputy
from people.posts import Place, deputies_within, end_post, is_done, places
from web.access import RowId, get, post
from web.context import Context, Ctx
from web.forms import Choices, FormIsWrong, FormView, Option, blank_form, form_again, read_form
from web.pages import render, see_other
from web.posted import Form
from web.presenters.posts import post_view
from words import Words
from workflow.model import Refusal

NAMES_DEPUTIES = frozenset(MAY_NAME)


@get("/deputies", who=NAMES_DEPUTIES)
def deputies(ctx: Ctx) -> Response:
    with ctx.reading() as connection:
        return _page(connection, ctx, blank_form(NameDeputy, _choices(ctx, places(connection))))


@post("/deputies", who=NAMES_DEPUTIES)
def name_a_deputy(ctx: Ctx, form: Form) -> Response:
    with ctx.reading() as connection:
        everybody = places(connection)
    choices = _choices(ctx, everybody)
    typed = form.fields()
    try:
        command = read_form(NameDeputy, typed, choices, zone=ctx.office.policy.calendar.zone)
        assert isinstance(command, NameDeputy)
        place = next(one for one in everybody if _key(one) == command.absent)
        with transaction(ctx.engine) as connection:
            once = request_key(form.form_id)
            wait_for_key(connection, once)
            if not is_done(
                connection,
                once,
                {"account": command.deputy, "for": place.account, "role": place.role.value, "unit": place.unit},
            ):  # the same form sent twice has named one
                name_deputy(
                    connection, place, command.deputy, first=command.first_day, last=command.last_day,
                    calendar=ctx.office.policy.calendar, actor=ctx.actor, now=ctx.now, key=once,
                )  # fmt: skip
    except (FormIsWrong, Refusal) as error:
        wrong = form_again(NameDeputy, typed, choices, error)
        with ctx.reading() as connection:
            return _page(connection, ctx, wrong, status=422)
    return see_other("/deputies", done="deputy_named")


@post("/deputies/{deputy}/end", who=NAMES_DEPUTIES)
def end_deputy(ctx: Ctx, form: Form, deputy: RowId) -> Response:  # noqa: ARG001 (the form's token is checked by asking for it)
    """Whoever was away is back. Once is as good as twice."""
    with transaction(ctx.engine) as connection:
        if deputy in {one.id for one in deputies_within(connection, ctx.actor.units)}:
            end_post(connection, deputy, actor=ctx.actor, now=ctx.now)
    return see_other("/deputies", done="deputy_ended")


def _page(connection: Connection, ctx: Context, form: FormView, *, status: int = 200) -> Response:
    rows = [post_view(one, ctx) for one in deputies_within(connection, ctx.actor.units)]
    return render(ctx, "pages/deputies.html", status=status, rows=rows, form=form)


def _choices(ctx: Context, everybody: list[Place]) -> Choices:
    mine = [one for one in everybody if may_name_for(one, ctx.actor)]
    fitting = {account for place in mine for account in may_stand_in(place, everybody)} - ctx.actor.accounts
    units: dict[int, dict[str, None]] = {}
    for one in everybody:
        units.setdefault(one.account, {})[one.unit_name] = None
    names = {one.account: f"{one.name}（{' · '.join(units[one.account])}）" for one in everybody}
    words = Words(ctx.language)
    return {
        "places": tuple(
            Option(value=_key(one), text=f"{one.name}（{words(f'role.{one.role.value}')} · {one.unit_name}）")
            for one in mine
        ),
        "deputies": tuple(Option(value=str(one), text=names[one]) for one in sorted(fitting)),
    }


def _key(place: Place) -> str:
    return f"{place.account}.{place.post or 0}"
