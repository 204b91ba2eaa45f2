"""The tables of the record. Every record of a case has its number in that case: `(case_id, number)`.

Which columns the ledger vouches for is in `labels.json`, one label a column; a test holds that list against these
classes. Personal text stands in `personal_text` alone.
"""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, Text, UniqueConstraint, text
from sqlmodel import Field

from infra.columns import BigKey, Row, UTCDateTime


class Case(Row, table=True):
    """Where a case stands now."""

    __tablename__ = "cases"
    __table_args__ = (
        UniqueConstraint("series", "year", "serial"),
        CheckConstraint("received_at <= registered_at", name="received_before_registered"),
        Index("ix_cases_due", "next_due_at", "id", sqlite_where=text("closed_at IS NULL"), postgresql_where=text("closed_at IS NULL")),
        Index("ix_cases_unit_due", "holder_unit", "next_due_at", "id", sqlite_where=text("closed_at IS NULL"), postgresql_where=text("closed_at IS NULL")),
        Index("ix_cases_person", "holder_person", "closed_at"),
        Index("ix_cases_waiting", "holder_unit", "id", sqlite_where=text("holder_person IS NULL AND closed_at IS NULL"), postgresql_where=text("holder_person IS NULL AND closed_at IS NULL")),
        Index("ix_cases_closed", "closed_at", "id", sqlite_where=text("closed_at IS NOT NULL"), postgresql_where=text("closed_at IS NOT NULL")),
    )  # fmt: skip
    id: int | None = Field(default=None, primary_key=True, sa_type=BigKey)
    public_id: str = Field(unique=True)
    procedure: str
    profile: str
    series: str
    year: int
    serial: int
    channel: str
    dispute_type: str
    received_at: datetime = Field(sa_type=UTCDateTime)
    registered_at: datetime = Field(sa_type=UTCDateTime)
    intake_unit: int = Field(sa_type=BigKey)
    version: int
    state: str
    milestones: str  #: names in alphabetical order, separated by spaces
    next_number: int
    holder_unit: int = Field(sa_type=BigKey, foreign_key="unit.id")
    holder_person: int | None = Field(default=None, sa_type=BigKey)
    custody_number: int
    custody_from: datetime = Field(sa_type=UTCDateTime)
    next_due_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    paused_until: datetime | None = Field(default=None, sa_type=UTCDateTime)
    extension_asked: int | None = None
    outcome: str | None = None
    closed_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class Clock(Row, table=True):
    """One length of one count. `next_crossing_at` is set only while it runs, and is all that the sweep reads."""

    __tablename__ = "clock"
    __table_args__ = (
        Index("ix_clock_next_crossing", "next_crossing_at", "case_id", "number", sqlite_where=text("next_crossing_at IS NOT NULL"), postgresql_where=text("next_crossing_at IS NOT NULL")),
        Index("ix_clock_about", "name", "case_id", sqlite_where=text("about IS NOT NULL AND stopped_at IS NULL"), postgresql_where=text("about IS NOT NULL AND stopped_at IS NULL")),
        Index("ix_clock_reopened", "case_id", sqlite_where=text("outcome = 'reopened'"), postgresql_where=text("outcome = 'reopened'")),
        {"sqlite_with_rowid": False},
    )  # fmt: skip
    case_id: int = Field(primary_key=True, foreign_key="cases.id", sa_type=BigKey)
    number: int = Field(primary_key=True)
    name: str
    rule: str
    policy: str
    kind: str
    started_at: datetime = Field(sa_type=UTCDateTime)
    length: int
    unit: str
    due_at: datetime = Field(sa_type=UTCDateTime)
    rungs: str = Field(sa_type=Text)  #: JSON, see `cases/rows.py`
    pauses: str = Field(sa_type=Text)
    provisional: bool
    extends: int | None = None
    opened_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    acknowledged_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    waived: bool
    about: int | None = None
    charged_unit: int | None = Field(default=None, sa_type=BigKey)
    charged_person: int | None = Field(default=None, sa_type=BigKey)
    stopped_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    outcome: str | None = None
    yellow_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    red_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    crossed_until: datetime | None = Field(default=None, sa_type=UTCDateTime)
    next_crossing_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class PersonalText(Row, table=True):
    """What people said or are called. Erasing a text empties `content` and `salt`; the ledger's commitment stays."""

    __tablename__ = "personal_text"
    case_id: int = Field(primary_key=True, foreign_key="cases.id", sa_type=BigKey)
    number: int = Field(primary_key=True)
    kind: str
    salt: str | None
    content: str | None = Field(sa_type=Text)


class Finding(Row, table=True):
    """The terms of one text, and in the place of a text numbered 0 what the register says of the case (`cases/finding.py`). Follows
    from other rows: it can be written anew at any time."""

    __tablename__ = "finding"
    id: int = Field(primary_key=True, sa_type=BigKey, sa_column_kwargs={"autoincrement": False})  #: of case and number
    words: str = Field(sa_type=Text)


class Party(Row, table=True):
    __tablename__ = "party"
    case_id: int = Field(primary_key=True, foreign_key="cases.id", sa_type=BigKey)
    number: int = Field(primary_key=True)
    side: str
    name: int
    contact: int | None
    consent: str


class Custody(Row, table=True):
    __tablename__ = "custody"
    case_id: int = Field(primary_key=True, foreign_key="cases.id", sa_type=BigKey)
    number: int = Field(primary_key=True)
    unit: int = Field(sa_type=BigKey)
    person: int | None = Field(sa_type=BigKey)
    from_at: datetime = Field(sa_type=UTCDateTime)
    until_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class Appointment(Row, table=True):
    __tablename__ = "appointment"
    __table_args__ = (Index("ix_appointment_serving", "person", "case_id", sqlite_where=text("until_at IS NULL"), postgresql_where=text("until_at IS NULL")),)  # fmt: skip
    case_id: int = Field(primary_key=True, foreign_key="cases.id", sa_type=BigKey)
    number: int = Field(primary_key=True)
    person: int = Field(sa_type=BigKey)
    chief: bool
    from_at: datetime = Field(sa_type=UTCDateTime)
    until_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    disclosure: str


class Participant(Row, table=True):
    """Somebody who takes part beside whoever holds the case; of the staff by `person`, from outside by a name."""

    __tablename__ = "participant"
    __table_args__ = (Index("ix_participant_taking_part", "person", "case_id", sqlite_where=text("until_at IS NULL AND person IS NOT NULL"), postgresql_where=text("until_at IS NULL AND person IS NOT NULL")),)  # fmt: skip
    case_id: int = Field(primary_key=True, foreign_key="cases.id", sa_type=BigKey)
    number: int = Field(primary_key=True)
    part: str
    person: int | None = Field(default=None, sa_type=BigKey)
    name: int | None = None
    contact: int | None = None
    from_at: datetime = Field(sa_type=UTCDateTime)
    until_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class Link(Row, table=True):
    """Another case that this one has to do with; the other one has the opposite link."""

    __tablename__ = "link"
    case_id: int = Field(primary_key=True, foreign_key="cases.id", sa_type=BigKey)
    number: int = Field(primary_key=True)
    kind: str
    other: int = Field(foreign_key="cases.id", sa_type=BigKey)
    from_at: datetime = Field(sa_type=UTCDateTime)
    until_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class Task(Row, table=True):
    """What another unit, or a colleague beside the holder, was asked for: `what` and `answer` are numbers of texts."""

    __tablename__ = "task"
    __table_args__ = (
        Index("ix_task_of_unit", "unit", "case_id", sqlite_where=text("until_at IS NULL"), postgresql_where=text("until_at IS NULL")),
        Index("ix_task_of_person", "person", "case_id", sqlite_where=text("until_at IS NULL AND person IS NOT NULL"), postgresql_where=text("until_at IS NULL AND person IS NOT NULL")),
    )  # fmt: skip
    case_id: int = Field(primary_key=True, foreign_key="cases.id", sa_type=BigKey)
    number: int = Field(primary_key=True)
    unit: int = Field(sa_type=BigKey, foreign_key="unit.id")
    person: int | None = Field(default=None, sa_type=BigKey)
    what: int
    answer: int | None = None
    from_at: datetime = Field(sa_type=UTCDateTime)
    until_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class TakenBack(Row, table=True):
    """A step that was taken back, by the seq of its event; and each record that it had made and that counts no more."""

    __tablename__ = "taken_back"
    case_id: int = Field(primary_key=True, foreign_key="cases.id", sa_type=BigKey)
    number: int = Field(primary_key=True)
    seq: int
    record: int | None = None


class Session(Row, table=True):
    __tablename__ = "mediation_session"
    case_id: int = Field(primary_key=True, foreign_key="cases.id", sa_type=BigKey)
    number: int = Field(primary_key=True)
    form: str
    place: int
    minutes: int
    invitees: int | None
    more_invitees: str | None = None  #: the numbers of the others' names, separated by spaces
    held_at: datetime = Field(sa_type=UTCDateTime)


class Agreement(Row, table=True):
    __tablename__ = "agreement"
    case_id: int = Field(primary_key=True, foreign_key="cases.id", sa_type=BigKey)
    number: int = Field(primary_key=True)
    form: str
    partial: bool
    terms: int
    amount_yuan: int | None = Field(sa_type=BigKey)
    effective_at: datetime = Field(sa_type=UTCDateTime)
    performance_due_on: date


class Rating(Row, table=True):
    __tablename__ = "rating"
    case_id: int = Field(primary_key=True, foreign_key="cases.id", sa_type=BigKey)
    number: int = Field(primary_key=True)
    score: str
    comment: int | None
    rated_at: datetime = Field(sa_type=UTCDateTime)


class Waiver(Row, table=True):
    """A lit light that is proposed not to count. The crossing in the ledger stays what it is.

    `stage`: recount, appeal or further. For the last two `unit` is the unit that the light is counted against, `asked_by`
    who appealed for it, `evidence` the number of the text.
    """

    __tablename__ = "waiver"
    case_id: int = Field(primary_key=True, foreign_key="cases.id", sa_type=BigKey)
    number: int = Field(primary_key=True)
    clock: int
    rung: str
    ground: str
    proposed_at: datetime = Field(sa_type=UTCDateTime)
    decided_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    decision: str | None = None
    stage: str | None = None
    unit: int | None = Field(default=None, sa_type=BigKey)
    asked_by: int | None = Field(default=None, sa_type=BigKey)
    evidence: int | None = None
    decided_by: int | None = Field(default=None, sa_type=BigKey)


class Recusal(Row, table=True):
    """A person for whom this case does not exist."""

    __tablename__ = "recusal"
    case_id: int = Field(primary_key=True, foreign_key="cases.id", sa_type=BigKey)
    person: int = Field(primary_key=True, sa_type=BigKey)


class CaseRead(Row, table=True):
    """Somebody who neither held the case nor served in it has read it on that day. `seq`: the event of the office that
    says so, once it is written."""

    __tablename__ = "case_read"
    __table_args__ = (
        Index("ix_case_read_waiting", "first_at", sqlite_where=text("seq IS NULL"), postgresql_where=text("seq IS NULL")),
    )  # fmt: skip
    case_id: int = Field(primary_key=True, foreign_key="cases.id", sa_type=BigKey)
    account_id: int = Field(primary_key=True, sa_type=BigKey)
    day: date = Field(primary_key=True)
    first_at: datetime = Field(sa_type=UTCDateTime)
    seq: int | None = None


class Tracking(Row, table=True):
    """The petitioner's code, as a hash (`cases/tracking.py`)."""

    __tablename__ = "tracking"
    code_hash: str = Field(primary_key=True)
    case_id: int = Field(foreign_key="cases.id", sa_type=BigKey, unique=True)


class Series(Row, table=True):
    """The last number issued by each series in each year. Numbers are issued in the case's own transaction: no gaps."""

    __tablename__ = "series"
    series: str = Field(primary_key=True)
    year: int = Field(primary_key=True)
    last: int


class PolicyVersion(Row, table=True):
    """The policy files of an office as they were published: JSON, one text a file name. Never changed."""

    __tablename__ = "policy_version"
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    version: str = Field(index=True)  #: an office may go back to what it had
    published_at: datetime = Field(sa_type=UTCDateTime)
    content: str = Field(sa_type=Text)


class ClockWatch(Row, table=True):
    """What the clock showed when it was last looked at, and for how many milliseconds the machine had run since the start
    that `boot` names."""

    __tablename__ = "clock_watch"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)
    id: int = Field(default=1, primary_key=True)
    boot: str
    ticks: int = Field(sa_type=BigInteger)
    seen_at: datetime = Field(sa_type=UTCDateTime)


class JobRun(Row, table=True):
    """When each recurring job last succeeded and failed, and what it did: figures by name, as JSON. `failing_since`: the first
    failure after the last run that went well; None while it goes well."""

    __tablename__ = "job_run"
    job: str = Field(primary_key=True)
    succeeded_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    failed_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    failing_since: datetime | None = Field(default=None, sa_type=UTCDateTime)
    summary: str = "{}"
