"""Reports that somebody has asked for and that take long: what is wanted, how far it is, and the file that came of it.

They can be thrown away and asked for again. What was handed out is in the ledger with its hash.
"""

from datetime import datetime

from sqlalchemy import Index, LargeBinary, Text, text
from sqlmodel import Field

from infra.columns import BigKey, Row, UTCDateTime

WAITING = text("finished_at IS NULL")


class ReportJob(Row, table=True):
    """One report for one account. `taken_until`: a worker is at it, and nobody else until then."""

    __tablename__ = "report_job"
    __table_args__ = (
        Index("ix_report_job_waiting", "id", sqlite_where=WAITING, postgresql_where=WAITING),
        Index("ix_report_job_account", "account_id", "id"),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=BigKey)
    public_id: str = Field(unique=True)
    kind: str
    asked: str = Field(sa_type=Text)  #: JSON, keys in order
    language: str
    account_id: int = Field(foreign_key="account.id", sa_type=BigKey)
    post_id: int | None = Field(
        default=None, sa_type=BigKey
    )  #: as whom the account asked; None: as what it was made for
    asked_at: datetime = Field(sa_type=UTCDateTime)
    request: str = Field(unique=True)
    mail: bool
    taken_until: datetime | None = Field(default=None, sa_type=UTCDateTime)
    done: int = 0
    total: int = 0
    finished_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    failed: str | None = Field(default=None, sa_type=Text)  #: JSON: the code of the words and what they name
    name: str | None = None
    bytes: int | None = Field(default=None, sa_type=BigKey)
    sha256: str | None = None
    seen_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class ReportPart(Row, table=True):
    """A piece of the file."""

    __tablename__ = "report_part"
    job_id: int = Field(primary_key=True, foreign_key="report_job.id", sa_type=BigKey)
    number: int = Field(primary_key=True)
    content: bytes = Field(sa_type=LargeBinary)
