"""The tables of the ledger: the events, where each stream ends, and the mails that events cause."""

from datetime import datetime

from sqlalchemy import Index, Text, UniqueConstraint, text
from sqlmodel import Field

from infra.columns import BigKey, Row, UTCDateTime


class StreamHead(Row, table=True):
    """The end of each stream's chain. Locking this row is locking the case. Stream 0 is the office's own."""

    __tablename__ = "stream_head"
    __table_args__ = (
        Index("ix_stream_head_untallied", "stream", sqlite_where=text("tallied < seq"), postgresql_where=text("tallied < seq")),
        Index("ix_stream_head_unanchored", "stream", sqlite_where=text("anchored < seq"), postgresql_where=text("anchored < seq")),
    )  # fmt: skip
    stream: int = Field(primary_key=True, sa_type=BigKey)
    seq: int
    hash: str
    tallied: int = 0  #: the marks of the case are those of its events up to here
    anchored: int = 0  #: an anchor holds the head at this seq


class Event(Row, table=True):
    """The ledger. Triggers refuse every change and every gap."""

    __tablename__ = "event"
    __table_args__ = (
        UniqueConstraint("stream", "seq"),
        UniqueConstraint("key"),
        Index("ix_event_crossings", "occurred_at", sqlite_where=text("code = 'clock:crossed'"), postgresql_where=text("code = 'clock:crossed'")),
    )  # fmt: skip
    id: int | None = Field(default=None, primary_key=True, sa_type=BigKey)
    stream: int = Field(sa_type=BigKey)
    seq: int
    code: str
    occurred_at: datetime = Field(sa_type=UTCDateTime)
    recorded_at: datetime = Field(sa_type=UTCDateTime)
    actor: int | None = Field(sa_type=BigKey)
    role: str
    unit: int | None = Field(sa_type=BigKey)
    data: str = Field(sa_type=Text)
    key: str | None
    hash: str


class Message(Row, table=True):
    """One mail to one person about one event. Rendered when it is sent; its Message-ID follows from this row's key."""

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("recorded_at", "stream", "seq", "recipient"),
        Index("ix_message_waiting", "next_try_at", "id", sqlite_where=text("next_try_at IS NOT NULL"), postgresql_where=text("next_try_at IS NOT NULL")),
    )  # fmt: skip
    id: int | None = Field(default=None, primary_key=True, sa_type=BigKey)
    recorded_at: datetime = Field(sa_type=UTCDateTime)
    stream: int = Field(sa_type=BigKey)
    seq: int
    recipient: int = Field(sa_type=BigKey)
    attempts: int = 0
    next_try_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    lease: str | None = None
    bundle: str | None = None  #: the digest that this message goes out in, if its recipient had many waiting
    sent_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    dead_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    last_error: str | None = None


class TextMessage(Row, table=True):
    """A short message to the telephone of whoever a message is for, beside the mail. Composed when it is sent; what became of it stands
    here, as of a mail in its row."""

    __tablename__ = "text_message"
    __table_args__ = (
        Index("ix_text_message_waiting", "next_try_at", "message_id", sqlite_where=text("next_try_at IS NOT NULL"), postgresql_where=text("next_try_at IS NOT NULL")),
    )  # fmt: skip
    message_id: int = Field(
        primary_key=True, foreign_key="message.id", sa_type=BigKey, sa_column_kwargs={"autoincrement": False}
    )
    attempts: int = 0
    next_try_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    lease: str | None = None
    sent_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    dead_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    last_error: str | None = None
