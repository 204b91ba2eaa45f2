"""Orders of a hotline or of an enterprise platform: in under their own number, and how they stand.

The number is the key: an order that is sent again is the same order, and one under a used number that says something else is
refused. What is told of an order is what the person's tracking page tells.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, ClassVar

from annotated_types import MaxLen, MinLen
from pydantic import ConfigDict, StringConstraints
from starlette.responses import Response

from api.answers import OrderAnswer, Registered, Told, answered, coded
from api.bodies import STRICT, Body, read_around, read_command
from api.caller import Ctx
from api.declared import BASE, reads, writes
from api.keys import BY_ORDER, form_id_for, form_id_known
from api.opening import opened_answer, profile_of
from api.refusing import told_as_problems
from cases.execute import open_case
from cases.reading import timeline
from cases.visibility import case, visible_cases
from infra.db import transaction
from ledger.chain import author_of, find_by_key, request_key
from people.tokens import INTAKE
from web.context import Context, NoSuchPage
from web.presenters.tracked import TOLD, show_tracked
from web.routes.intake import INTAKE as WHO_REGISTERS
from words import Words
from workflow.commands import Intake
from workflow.model import Actor, CaseId, Role
from workflow.procedures import PROCEDURES

LONGEST = 64
#: As such numbers are written, and as an address can hold them.
NUMBER = r"^[0-9A-Za-z][0-9A-Za-z._-]*$"
OrderNumber = Annotated[str, MinLen(1), MaxLen(LONGEST), StringConstraints(pattern=NUMBER)]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderBody:
    """`matter` is a profile or a kind of matter, `order_number` the sender's own. The channel is that of the kind of matter unless the fields name another."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    matter: str
    order_number: OrderNumber
    fields: dict[str, Any] = field(default_factory=dict)


@writes(
    "/orders",
    who=WHO_REGISTERS,
    code="send_order",
    scope=INTAKE,
    asks=OrderBody,
    answers=Registered,
    status=201,
)
def send_order(ctx: Ctx, body: Body) -> Response:
    with told_as_problems():
        asked = read_around(OrderBody, body)
        profile = profile_of(ctx, asked.matter)
        procedure = PROCEDURES[profile.procedure]
        usual = {"channel": procedure.channel_of[profile.matter]} if profile.matter in procedure.channel_of else {}
        made = read_command(procedure.opens, {**usual, **asked.fields}, zone=ctx.office.policy.calendar.zone)
        assert isinstance(made, Intake)
        with transaction(ctx.engine) as connection:
            request = form_id_for(connection, ctx, BY_ORDER, asked.order_number)
            opened = open_case(
                connection, made, profile=profile.id, actor=ctx.actor, now=ctx.now, office=ctx.office, request=request
            )
    answer = opened_answer(ctx, opened)
    return answered(answer, status=201, headers={"Location": f"{BASE}/orders/{asked.order_number}"})


@reads("/orders/{order_number}", who=WHO_REGISTERS, code="order", scope=INTAKE, answers=OrderAnswer)
def order(ctx: Ctx, order_number: str) -> Response:
    with ctx.reading() as connection:
        case_id, public_id = _case_of(ctx, order_number)
        tracked = show_tracked(connection, ctx, case_id)
        person = Actor(account=None, role=Role.PETITIONER, unit=None, case=case_id)
        events, words = timeline(connection, case_id, actor=person), Words(ctx.language)
    due = tracked.light.due_at
    return answered(
        OrderAnswer(
            order_number=order_number, public_id=public_id, number=tracked.number,
            state=coded(words, "state", tracked.state), stands=words(tracked.stands),
            received_at=_received(events), due_at=None if tracked.ended else due, ended=tracked.ended,
            answers=tuple(text for _, _, text in tracked.answers),
            happened=tuple(
                Told(event=coded(words, "event", event.code), occurred_at=event.occurred_at)
                for event in events
                if event.code in TOLD and not event.is_taken_back
            ),
        )
    )  # fmt: skip


def _received(events: list[Any]) -> datetime:
    at: datetime = events[0].occurred_at
    return at


def _case_of(ctx: Context, order_number: str) -> tuple[CaseId, str]:
    """The matter that this account opened under the number, if it exists for it now. Raises `NoSuchPage`."""
    with ctx.reading() as connection:
        request = form_id_known(connection, ctx, BY_ORDER, order_number)
        found = find_by_key(connection, request_key(request)) if request else None
        if found is None or author_of(connection, found[0], found[1])[0] != ctx.actor.account:
            raise NoSuchPage
        row = connection.execute(visible_cases(ctx.actor, case.public_id).where(case.id == found[0])).one_or_none()
    if row is None:
        raise NoSuchPage
    return CaseId(found[0]), row.public_id
