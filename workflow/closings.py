"""What a closing is: the one rule for the bulletin, the closure report and the sheets.

Whoever ends a case has closed it, and it stays closed in the month and the year in which that was done. Opened again
within thirty days after the answer, it was not closed; opened again later, it was, and what follows is a second closing.

Source: design; docs/decisions/0019-closings.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from workflow.clocks import REOPENED
from workflow.history import History
from workflow.model import Clock, Custody
from workflow.procedures import PROCEDURES

#: A matter that is opened again so soon was not closed.
REOPENED_SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """One time a case was closed: who held it then, the deciding limit that its answer ended, if there was one, and when
    it was opened again. `stands`: it was closed, as far as is known."""

    at: datetime
    outcome: str
    seq: int
    held: Custody
    decided: Clock | None
    reopened_at: datetime | None
    stands: bool


def closings(history: History) -> Iterator[Closing]:
    """Every time the case was closed, also those that no longer count."""
    deciding = PROCEDURES[history.procedure].deciding
    for ending in history.endings:
        stopped = [c for c in history.clocks if c.name in deciding and c.stopped_at and c.stopped_at <= ending.at]
        decided = stopped[-1] if stopped else None
        yield Closing(
            at=ending.at,
            outcome=ending.outcome,
            seq=ending.seq,
            held=history.holder(before=ending.at),
            decided=decided,
            reopened_at=ending.reopened_at,
            stands=not (ending.reopened_at and decided and is_soon(decided, ending.reopened_at)),
        )


def reopened_soon(clock: Clock, history: History) -> bool:
    """Whether the matter was opened again so soon after this deciding limit had ended that it had not been closed."""
    again = next((one for one in history.clocks if one.extends == clock.number), None)
    if clock.outcome != REOPENED or again is None or again.opened_at is None:
        return False
    return is_soon(clock, again.opened_at)


def is_soon(answered: Clock, reopened_at: datetime) -> bool:
    return answered.stopped_at is not None and reopened_at - answered.stopped_at <= REOPENED_SOON
