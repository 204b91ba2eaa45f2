"""When the last act of a case was done: what the next one may not have been done before."""

from dataclasses import replace

from sqlalchemy import Connection, func, select

from infra.columns import UTCDateTime
from ledger.tables import Event
from workflow.acts import entered
from workflow.commands import Command
from workflow.facts import CaseFacts
from workflow.procedures import PROCEDURES

_event = Event.__table__.c  # type: ignore[attr-defined]


def with_acts_known(connection: Connection, facts: CaseFacts, command: Command) -> CaseFacts:
    """With the instant that an earlier one of this command is held against; as they are for a command without one. What opened
    the case was done when it came in."""
    if entered(command) is None or facts.received_at is None:
        return facts
    later = select(func.max(_event.occurred_at, type_=UTCDateTime)).where(
        _event.stream == facts.id, _event.seq > 1, _event.code.in_(sorted(PROCEDURES[facts.procedure].in_order))
    )
    found = connection.execute(later).scalar()
    return replace(facts, acted_at=max(found, facts.received_at) if found else facts.received_at)
