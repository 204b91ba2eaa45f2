"""Where a petition or an order stands."""

from enum import StrEnum


class PetitionState(StrEnum):
    REGISTERED = "registered"
    ACCEPTED = "accepted"
    NOT_ACCEPTED = "not_accepted"
    DISPATCHED = "dispatched"
    HANDLING = "handling"
    REPLIED = "replied"
    CLOSED = "closed"
