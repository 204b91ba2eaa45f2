"""Posts and deputies as pages show them."""

from dataclasses import dataclass
from datetime import timedelta

from infra.i18n import write_day
from people.posts import Held
from web.context import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class PostView:
    """A post that somebody has beside what their account was made for. `until` is its last day."""

    id: int
    name: str
    role: str
    unit: str
    in_place_of: str | None
    since: str
    until: str | None
    active: bool


def post_view(held: Held, ctx: Context) -> PostView:
    return PostView(
        id=held.id, name=held.name, role=held.role.value, unit=held.unit_name, in_place_of=held.in_place_of,
        since=write_day(ctx.office.policy.calendar.local_day(held.from_at), ctx.language, today=ctx.today),
        until=last_day(held, ctx), active=held.active,
    )  # fmt: skip


def last_day(held: Held, ctx: Context) -> str | None:
    """The last day of a post, which ends at 24:00; None of one that has no end."""
    if held.until_at is None:
        return None
    day = ctx.office.policy.calendar.local_day(held.until_at - timedelta(seconds=1))
    return write_day(day, ctx.language, today=ctx.today)
