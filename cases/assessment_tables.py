"""The tables of the year-end assessment, beside the record: marks and tallies, which are worked out from the ledger and
may be thrown away, and what an event of the office vouches for: closed years, anchors, reviews of signs.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, Index, Text, literal_column, text
from sqlmodel import Field

from infra.columns import BigKey, Row, UTCDateTime
from workflow.model import Light

RED = text("measure = 'light' AND outcome = 'red'")


class Mark(Row, table=True):
    """One countable thing that a case has left behind (`workflow/marks.py`). Worked out anew when the case moves."""

    __tablename__ = "mark"
    __table_args__ = (
        Index("ix_mark_sheet", "year", "unit", "person", "measure", "outcome"),
        Index("ix_mark_red", "at", sqlite_where=RED, postgresql_where=RED),
        {"sqlite_with_rowid": False},
    )
    case_id: int = Field(primary_key=True, sa_type=BigKey)
    position: int = Field(primary_key=True)
    year: int  #: in the office's zone
    unit: int = Field(sa_type=BigKey)
    person: int | None = Field(default=None, sa_type=BigKey)
    measure: str
    outcome: str
    at: datetime = Field(sa_type=UTCDateTime)
    seq: int  #: the event of the case's stream that says so
    clock: int | None = None
    rule: str | None = None
    ground: str | None = None  #: why it does not count, if it does not
    decided: int | None = None  #: the event that says that it does not count


_mark = Mark.__table__.c  # type: ignore[attr-defined]


def of_light(light: Light) -> tuple[ColumnElement[bool], ...]:
    """Whether a mark is one of a light of this colour, in the words by which both databases know the index of red ones (`ix_mark_red`):
    values that are bound would not do."""
    return (_mark.measure == literal_column("'light'"), _mark.outcome == literal_column(f"'{light.value}'"))


class Tally(Row, table=True):
    """How many marks of a kind there are. Equals a count of `mark` in every transaction. Person 0 is nobody, -1 everybody
    of the unit together."""

    __tablename__ = "tally"
    __table_args__ = ({"sqlite_with_rowid": False},)
    year: int = Field(primary_key=True)
    person: int = Field(primary_key=True, sa_type=BigKey)  #: before the unit: all units together stand side by side
    unit: int = Field(primary_key=True, sa_type=BigKey)
    measure: str = Field(primary_key=True)
    outcome: str = Field(primary_key=True)
    n: int


class Sign(Row, table=True):
    """What a case shows of gaming, or its part in what several show (`cases/sign_index.py`). Worked out anew when the case
    moves."""

    __tablename__ = "sign"
    __table_args__ = (Index("ix_sign_code_at", "code", "at"), {"sqlite_with_rowid": False})
    case_id: int = Field(primary_key=True, sa_type=BigKey)
    position: int = Field(primary_key=True)
    code: str
    at: datetime = Field(sa_type=UTCDateTime)
    unit: int = Field(sa_type=BigKey)
    seq: int  #: the event of the case's stream that shows it
    figures: str = Field(sa_type=Text)  #: JSON
    alike: str | None = None  #: of an answer: what equal ones share


class YearClose(Row, table=True):
    """A year whose sheets are final: what they were made from, and their bytes. Never changed once it is closed."""

    __tablename__ = "year_close"
    year: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    scheme: str
    zone: str
    policy: str  #: the version of the policy in force, whose files hold the calendars
    scheme_content: str = Field(sa_type=Text)
    calendar_content: str = Field(sa_type=Text)  #: JSON, one text a file name
    cases: int
    cutoff_hash: str  #: SHA-256 over the lines `stream seq hash` of `year_cutoff`
    result_hash: str
    result: str = Field(sa_type=Text)
    proposed_by: int = Field(sa_type=BigKey)
    proposed_at: datetime = Field(sa_type=UTCDateTime)
    closed_by: int = Field(sa_type=BigKey)
    closed_at: datetime = Field(sa_type=UTCDateTime)


class YearCutoff(Row, table=True):
    """The head of every case's chain when a year was closed: later events are not part of it."""

    __tablename__ = "year_cutoff"
    __table_args__ = ({"sqlite_with_rowid": False},)
    year: int = Field(primary_key=True)
    stream: int = Field(primary_key=True, sa_type=BigKey)
    seq: int
    hash: str


class Anchor(Row, table=True):
    """A signed list of the chain heads that moved since the one before, as it was mailed to the auditors."""

    __tablename__ = "anchor"
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    made_at: datetime = Field(sa_type=UTCDateTime)
    content: str = Field(sa_type=Text)


class AnchoredHead(Row, table=True):
    """An index over the anchors: which of them name a stream."""

    __tablename__ = "anchored_head"
    __table_args__ = ({"sqlite_with_rowid": False},)
    stream: int = Field(primary_key=True, sa_type=BigKey)
    anchor: int = Field(primary_key=True, foreign_key="anchor.number")


class SignReview(Row, table=True):
    """An auditor's verdict about a sign of gaming. It changes no score."""

    __tablename__ = "sign_review"
    sign: str = Field(primary_key=True)
    stream: int = Field(primary_key=True, sa_type=BigKey)
    seq: int = Field(primary_key=True)
    verdict: str
    reviewed_by: int = Field(sa_type=BigKey)
    reviewed_at: datetime = Field(sa_type=UTCDateTime)


class RatingOrigin(Row, table=True):
    """Where a rating came from, as a keyed hash that nobody can turn back into an address. Kept for a year."""

    __tablename__ = "rating_origin"
    case_id: int = Field(primary_key=True, sa_type=BigKey)
    origin: str = Field(index=True)
    rated_at: datetime = Field(sa_type=UTCDateTime)
