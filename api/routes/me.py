"""Who a token acts as, and what it is for."""

from starlette.responses import Response

from api.answers import Me, answered, coded
from api.caller import Ctx, bearer_of
from api.declared import reads
from people.tokens import SCOPES
from web.access import STAFF
from words import Words


@reads("/me", who=STAFF, code="me", scope=None, answers=Me)
def who_am_i(ctx: Ctx) -> Response:
    bearer = bearer_of(ctx)
    who = bearer.person
    return answered(
        Me(
            account=who.id, name=who.name, role=coded(Words(ctx.language), "role", who.actor.role.value),
            unit=who.unit_name, acts_as_post=who.post, in_place_of=who.in_place_of,
            scopes=tuple(scope for scope in SCOPES if scope in bearer.scopes), expires_at=bearer.expires_at,
            office=ctx.office.name, now=ctx.now,
        )
    )  # fmt: skip
