"""What the ledger says of one case, as values: what marks, signs and hypothetical lights are worked out from.

How it is read out of events is in `cases/history.py`. No names, no texts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from workflow.model import AccountId, CaseId, Charge, Clock, Custody, Light, RecordNumber, UnitId
from workflow.records import Rating, Waiver


@dataclass(frozen=True, slots=True, kw_only=True)
class Lit:
    """A crossing that lit: which clock, when it came true and when it was noticed, who held the case then, which event
    of the case's stream says so."""

    clock: RecordNumber
    rung: str
    light: Light
    at: datetime
    recorded_at: datetime
    unit: UnitId
    person: AccountId | None
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A step that somebody took. `texts` are the numbers of the texts it wrote."""

    seq: int
    event: str
    command: str
    at: datetime
    actor: AccountId | None
    unit: UnitId | None
    texts: tuple[RecordNumber, ...]
    done_at: datetime  #: before `at`, if it was entered late
    extent: str | None = None  #: of a step that says how far an agreement was performed


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """A step that ended the case, and when it was opened again, if it was. Whether it counts: `closings.py`."""

    at: datetime
    outcome: str
    seq: int
    reopened_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """One case up to some event. `written` is the last event that wrote a record, by its number."""

    case_id: CaseId
    number: tuple[str, int, int]  #: series, year, serial
    profile: str
    procedure: str
    channel: str
    intake_unit: UnitId
    received_at: datetime
    registered_at: datetime
    outcome: str | None
    closed_at: datetime | None
    reachable: bool  #: whoever asked left a way to be reached
    clocks: tuple[Clock, ...]
    custodies: tuple[Custody, ...]
    ratings: tuple[Rating, ...]
    waivers: tuple[Waiver, ...]
    lit: tuple[Lit, ...]
    steps: tuple[Taken, ...]
    written: Mapping[RecordNumber, int]
    seq: int  #: of the last event
    seq_of_end: int  #: of the event that ended the case; 0 while it is open
    endings: tuple[Ending, ...] = ()  #: every time the case was ended, in their order

    def holder(self, *, before: datetime) -> Custody:
        """Who held the case just before an instant; at its very beginning, who took it in."""
        held = [custody for custody in self.custodies if custody.from_at < before]
        return held[-1] if held else self.custodies[0]

    def charged(self, clock: Clock, *, before: datetime) -> Custody | Charge:
        """Whose a clock was just before an instant: whoever it is charged to, or whoever held the case."""
        return clock.charge or self.holder(before=before)

    def holder_at(self, at: datetime) -> Custody:
        held = [custody for custody in self.custodies if custody.from_at <= at]
        return held[-1] if held else self.custodies[0]
