"""The due dates that a step would move, as its page shows them before it is taken."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from web.context import Context
from words import whole_due
from workflow.clocks import due_is_provisional, due_on
from workflow.foresight import Moved


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedView:
    clock: str
    rule: str
    before: str
    after: str
    provisional: bool
    asked: bool  #: only once somebody else agrees


def moved_views(moved: Iterable[Moved], ctx: Context) -> tuple[MovedView, ...]:
    policy = ctx.office.policy
    return tuple(
        MovedView(
            clock=one.after.name,
            rule=one.after.rule,
            before=whole_due(one.before, policy.calendar, ctx.language),
            after=whole_due(one.after, policy.calendar, ctx.language),
            provisional=due_is_provisional(one.after, policy.calendar, rolls=policy.rolls(one.after.rule)),
            asked=one.asked,
        )
        for one in moved
    )


def seal_of(moved: Iterable[Moved], ctx: Context) -> str:
    """What the form brings back to say that these very dates were seen; other dates have another. By the day and the
    length: a limit in hours that goes on from now is due a moment later with every look."""
    calendar = ctx.office.policy.calendar
    text = " ".join(f"{one.after.name}:{one.after.length}:{due_on(one.after, calendar)}" for one in moved)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
