"""Where a mediation stands."""

from enum import StrEnum


class MediationState(StrEnum):
    APPLIED = "applied"
    CONSENT_PENDING = "consent_pending"
    ACCEPTED = "accepted"
    NOT_ACCEPTED = "not_accepted"
    MEDIATOR_ASSIGNED = "mediator_assigned"
    RIGHTS_NOTIFIED = "rights_notified"
    IN_SESSION = "in_session"
    SETTLED = "settled"
    TERMINATED = "terminated"
    FOLLOWED_UP = "followed_up"
    CLOSED = "closed"
