"""The values that the rules speak in: codes, ids, who asks, what is known of a case, what was decided.

Elsewhere on purpose: what may be asked (`commands.py`), the tables of steps (`procedures/`), how clocks count
(`clocks.py`), and how any of this is stored (`cases/tables.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, NamedTuple, NewType

CaseId = NewType("CaseId", int)
AccountId = NewType("AccountId", int)
UnitId = NewType("UnitId", int)
RecordNumber = NewType("RecordNumber", int)  #: counts every record of one case, whatever its kind


Json = str | int | bool | None | list["Json"] | dict[str, "Json"]


#: Where a case stands, by its code. Each procedure has an enum of its own states (`procedures/*/states.py`).
State = str

#: Before there is a case: opening one is a step like any other.
UNFILED: State = "unfiled"


class Role(StrEnum):
    """What a person is trusted with. The petitioner is bound to one case by its code; the system runs the timers."""

    CLERK = "clerk"
    COORDINATOR = "coordinator"
    MEDIATOR = "mediator"
    SUPERVISOR = "supervisor"
    ASSESSOR = "assessor"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    PETITIONER = "petitioner"
    SYSTEM = "system"


#: Who may hold a case. What is told to anybody else is told to a post.
HOLDERS = frozenset({Role.CLERK, Role.COORDINATOR, Role.MEDIATOR})


class Relation(StrEnum):
    """How an actor must stand to a case for a role to count."""

    ASSIGNED = "assigned"  #: holds it, or is one of its mediators or co-handlers
    TAKES_PART = "takes_part"  #: was brought in beside them
    ASKED = "asked"  #: was asked for something about it, or answers for a unit that was
    SAME_UNIT = "same_unit"  #: belongs to the unit that holds it
    ABOVE = "above"  #: belongs to the unit that holds it, or to one above that unit
    BY_CODE = "by_code"  #: came with its tracking code
    ANYONE = "anyone"  #: opens it


class Audience(StrEnum):
    """Who is told; people are found by `people/audiences.py` after custody has moved."""

    HOLDER = "holder"
    UNIT_HEAD = "unit_head"
    DUTY_LEADER = "duty_leader"
    DUTY_LEADER_DAILY = "duty_leader_daily"  #: the same, by the next morning's digest
    UPSTREAM = "upstream"
    ASSESSMENT_OFFICE = "assessment_office"
    ASKED = "asked"  #: whoever the step itself asks for something


class Light(StrEnum):
    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


#: Audiences that are told once a day.
DAILY = frozenset({Audience.DUTY_LEADER_DAILY})


LIGHT_ORDER = {Light.GREEN: 0, Light.YELLOW: 1, Light.RED: 2}


class Kind(StrEnum):
    """Whose time a clock measures: ours (lights and scores), the person's (reminded), another body's (tracked)."""

    DUTY = "duty"
    RIGHT = "right"
    EXTERNAL = "external"


class Unit(StrEnum):
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WORKING_DAY = "working_day"
    MONTH = "month"


class Roll(StrEnum):
    NONE = "none"
    NEXT_WORKING_DAY = "next_working_day"


class Side(StrEnum):
    APPLICANT = "applicant"
    RESPONDENT = "respondent"


class Consent(StrEnum):
    PENDING = "pending"
    GIVEN = "given"
    REFUSED = "refused"


class TextKind(StrEnum):
    """What a piece of personal text is; the kind decides who may read it (`cases/visibility.py`)."""

    TITLE = "title"
    STATEMENT = "statement"
    PARTY_NAME = "party_name"
    PARTY_CONTACT = "party_contact"
    NOTE = "note"
    REPLY = "reply"
    MINUTES = "minutes"
    TERMS = "terms"
    COMMENT = "comment"
    APPEAL = "appeal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who asks. `units` is the actor's own unit and every unit below it. A deputy has the role and the unit of whoever is away,
    and an account of their own."""

    account: AccountId | None
    role: Role
    unit: UnitId | None
    units: frozenset[UnitId] = frozenset()
    closed_units: frozenset[UnitId] = frozenset()  #: of these, to which nothing is assigned any more
    case: CaseId | None = None  #: the one case a petitioner came with the code of
    stands_in_for: AccountId | None = None  #: in whose place the account acts

    @property
    def accounts(self) -> frozenset[AccountId]:
        """Whose part this is: the actor's own, and that of whoever they stand in for."""
        return frozenset(one for one in (self.account, self.stands_in_for) if one is not None)


#: What the program does by itself: its timers, and its founding.
TIMERS = Actor(account=None, role=Role.SYSTEM, unit=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why something is refused: a code for the catalogues, its figures, and the field it belongs to, if any."""

    code: str
    values: Mapping[str, Json] = field(default_factory=dict)
    field: str | None = None


class Refusal(Exception):
    """The rules refuse what was asked, for all of these reasons at once."""

    def __init__(self, reasons: tuple[Reason, ...]) -> None:
        super().__init__(", ".join(reason.code for reason in reasons))
        self.reasons = reasons


class Rung(NamedTuple):
    """One instant of a clock's ladder: what it is called, what it lights, when, and who is told."""

    code: str
    light: Light | None
    at: datetime
    tell: tuple[Audience, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A time that is not counted, on a named ground; `until` is planned, and earlier if resumed earlier."""

    at: datetime
    until: datetime
    ground: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Something that a case has: written by a step, kept in a table of its own, changed by steps alone."""

    table: ClassVar[str]
    in_facts: ClassVar[bool] = (
        False  #: of a procedure's own kind: the rules look at it, so that it is loaded with the case
    )

    number: RecordNumber


class Charge(NamedTuple):
    """Whose duty something is: a unit, and the person in it if one is named."""

    unit: UnitId
    person: AccountId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock(Record):
    """One length of one count. An extension closes it and opens a successor with the same start.

    A clock may be about a record of the case, and then several of one name run side by side; it may be charged to somebody
    else than whoever holds the case (`CaseFacts.charge_of`).
    """

    table: ClassVar[str] = "clock"

    name: str
    rule: str
    policy: str  #: the version of the policy data it started under
    kind: Kind
    started_at: datetime
    length: int
    unit: Unit
    due_at: datetime
    rungs: tuple[Rung, ...]
    pauses: tuple[Pause, ...] = ()
    crossed_until: datetime | None = None  #: rungs up to here are in the ledger
    stopped_at: datetime | None = None
    outcome: str | None = None
    extends: RecordNumber | None = None
    opened_at: datetime | None = None  #: when the extension was granted that opened it
    acknowledged_at: datetime | None = None  #: when somebody who was told of its light has said so
    provisional: bool = False  #: one of its instants needs a year whose notice is not published
    waived: bool = False
    about: RecordNumber | None = None  #: the record that it is about
    charged_unit: UnitId | None = None  #: None: it is the holder's, whoever that is
    charged_person: AccountId | None = None

    @property
    def charge(self) -> Charge | None:
        """Whose it is, if not the holder's."""
        return None if self.charged_unit is None else Charge(self.charged_unit, self.charged_person)


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Record):
    table: ClassVar[str] = "personal_text"

    kind: TextKind
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Party(Record):
    table: ClassVar[str] = "party"

    side: Side
    name: RecordNumber  #: of its text
    contact: RecordNumber | None
    consent: Consent


@dataclass(frozen=True, slots=True, kw_only=True)
class Custody(Record):
    """Who holds the case, from `from_at` (in) to `until_at` (out). One episode follows the other without a gap."""

    table: ClassVar[str] = "custody"

    unit: UnitId
    person: AccountId | None
    from_at: datetime
    until_at: datetime | None


#: What an outcome begins with that says that a matter was never ours; the ground follows.
NOT_OURS = "not_ours."
