"""What only a mediation has: its sessions and its agreements."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from workflow.model import Record, RecordNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class Session(Record):
    table: ClassVar[str] = "mediation_session"

    form: str
    place: RecordNumber
    minutes: RecordNumber
    invitees: RecordNumber | None  #: the name of the first
    held_at: datetime
    more_invitees: str | None = None  #: the numbers of the others' names, separated by spaces


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement(Record):
    table: ClassVar[str] = "agreement"

    form: str
    partial: bool
    terms: RecordNumber
    amount_yuan: int | None
    effective_at: datetime
    performance_due_on: date
