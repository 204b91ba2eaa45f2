"""Reports that take longer than a page may: asked for once, made by the timers, kept with their hash until they are old.

`ask` writes down what is wanted. A worker takes the oldest that waits for a time (a lease, which it makes longer as it gets
on), writes the file in pieces, and finishes it; one that was stopped gives it back, and one that died leaves it to whoever
comes when the lease is over. One that was only frozen learns at its next word that it has lost the report. What each kind of
report is made of, says `kinds.py`; what a file is worth as evidence, `closures/exports.py`. Why in the database:
docs/decisions/0030.
"""

import hashlib
import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO, Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    true,
    update,
)

from cases.jobruns import JOB_COLUMNS, JobLine, line_from
from cases.tables import JobRun
from infra.db import reading, transaction
from infra.statements import Statement
from people.tables import Office
from reports.later.tables import ReportJob, ReportPart
from workflow.model import AccountId

_job = ReportJob.__table__.c  # type: ignore[attr-defined]
_part = ReportPart.__table__.c  # type: ignore[attr-defined]

#: How long a worker has a report without a word of how far it is.
LEASE = timedelta(minutes=2)
#: Of one account, that wait.
MOST_WAITING = 10
PIECE = 1024 * 1024  #: bytes
SHOWN = 50

Asked = Mapping[str, Any]  #: what is wanted, as JSON has it


class Asker(NamedTuple):
    """Whose report it is. What somebody asked for in one of their posts is for that post: with it goes the way to the file."""

    account: AccountId
    post: int | None = None


class TooManyWait(Exception):
    """Somebody has asked for so many reports that are not made yet. Carries how many."""

    def __init__(self) -> None:
        super().__init__(MOST_WAITING)
        self.most = MOST_WAITING


class ReportIsLost(Exception):
    """Another worker has this report by now, or whoever asked has thrown it away."""


@dataclass(slots=True, kw_only=True)
class Wanted:
    """A report that a worker has taken. `until` is the end of its lease; nobody else's lease of this report ends then, so that it
    is what a worker shows when it writes."""

    id: int
    public_id: str
    kind: str
    asked: Asked
    language: str
    asker: Asker
    asked_at: datetime
    mail: bool
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report as whoever asked for it is shown it. `failed` is the code of the words that say why there is none, and what
    they name."""

    id: int
    public_id: str
    kind: str
    asked: Asked
    asked_at: datetime
    taken: bool  #: a worker has begun it
    done: int
    total: int
    finished_at: datetime | None
    failed: tuple[str, Mapping[str, str]] | None
    name: str | None
    bytes: int | None
    sha256: str | None
    seen: bool

    @property
    def is_ready(self) -> bool:
        return self.finished_at is not None and self.failed is None


# -- who asks ---------------------------------------------------------------------------------------------------------


def ask(
    connection: Connection, kind: str, asked: Asked, *, asker: Asker, language: str, mail: bool, now: datetime,
    request: str,
) -> str:  # fmt: skip
    """Writes down that a report is wanted; returns its public id. The same form again, or the same report while it is not made
    yet, is the one that waits. Raises `TooManyWait`."""
    text = _as_text(asked)
    mine = _is_of(asker)
    same = (_job.kind == kind) & (_job.asked == text) & (_job.language == language) & _job.finished_at.is_(None)
    known = select(_job.public_id).where(mine, or_(_job.request == request, same)).order_by(_job.id)
    if found := connection.execute(known).scalars().first():
        return str(found)
    waiting = select(func.count()).select_from(ReportJob).where(mine, _job.finished_at.is_(None))
    if connection.execute(waiting).scalar_one() >= MOST_WAITING:
        raise TooManyWait
    public_id = secrets.token_hex(16)
    row = {
        "public_id": public_id, "kind": kind, "asked": text, "language": language, "account_id": asker.account,
        "post_id": asker.post, "asked_at": now, "request": request, "mail": mail, "done": 0, "total": 0,
    }  # fmt: skip
    connection.execute(insert(ReportJob).values(row))
    return public_id


def _is_of(asker: Asker) -> ColumnElement[bool]:
    return and_(_job.account_id == asker.account, _job.post_id.is_not_distinct_from(asker.post))


def reports_of(connection: Connection, asker: Asker) -> list[Report]:
    """The latest that somebody asked for, the latest first."""
    query = select(*_job).where(_is_of(asker)).order_by(_job.id.desc()).limit(SHOWN)
    return [_report(row) for row in connection.execute(query)]


def report_of(connection: Connection, public_id: str, asker: Asker) -> Report | None:
    row = connection.execute(select(*_job).where(_job.public_id == public_id, _is_of(asker))).first()
    return _report(row) if row else None


def latest_of(connection: Connection, kind: str, asked: Asked, asker: Asker) -> Report | None:
    """The last one that was asked for with just this."""
    query = select(*_job).where(_is_of(asker), _job.kind == kind, _job.asked == _as_text(asked))
    row = connection.execute(query.order_by(_job.id.desc()).limit(1)).first()
    return _report(row) if row else None


#: The recurring jobs, or a row without one, each with how many of somebody's reports are made and have not been looked at: one look for both.
_RUNS_AND_READY = Statement(
    select(
        *JOB_COLUMNS,
        select(func.count())
        .select_from(ReportJob)
        .where(
            _job.account_id == bindparam("account"),
            _job.post_id.is_not_distinct_from(bindparam("post")),
            _job.finished_at.is_not(None),
            _job.seen_at.is_(None),
        )
        .scalar_subquery(),
    )
    .join_from(Office, JobRun, true(), isouter=True)
    .where(Office.__table__.c.id == 1)  # type: ignore[attr-defined]
    .order_by(JOB_COLUMNS[0])
)


def runs_and_ready(connection: Connection, asker: Asker) -> tuple[tuple[JobLine, ...], int]:
    """Every job that has run, by name, and how many of these reports are ready."""
    rows = _RUNS_AND_READY.rows(connection, account=asker.account, post=asker.post)
    return tuple(line_from(*row[:-1]) for row in rows if row[0] is not None), int(rows[0][-1])


def note_seen(connection: Connection, report: Report, *, now: datetime) -> None:
    connection.execute(update(ReportJob).where(_job.id == report.id, _job.seen_at.is_(None)).values(seen_at=now))


def content_of(connection: Connection, report: Report) -> Iterator[bytes]:
    """The file, a piece at a time."""
    numbers = connection.execute(select(_part.number).where(_part.job_id == report.id).order_by(_part.number))
    for number in numbers.scalars().all():
        wanted = select(_part.content).where(_part.job_id == report.id, _part.number == number)
        yield connection.execute(wanted).scalar_one()


def throw_away(connection: Connection, report: Report) -> None:
    connection.execute(delete(ReportPart).where(_part.job_id == report.id))
    connection.execute(delete(ReportJob).where(_job.id == report.id))


def throw_old_away(connection: Connection, *, asked_before: datetime) -> int:
    old = select(_job.id).where(_job.asked_at < asked_before)
    connection.execute(delete(ReportPart).where(_part.job_id.in_(old)))
    return connection.execute(delete(ReportJob).where(_job.asked_at < asked_before)).rowcount


# -- who makes --------------------------------------------------------------------------------------------------------


def take(engine: Engine, *, now: datetime) -> Wanted | None:
    """The oldest that waits and that nobody is at, for the time of a lease; None if there is none."""
    free = _job.finished_at.is_(None), or_(_job.taken_until.is_(None), _job.taken_until < now)
    oldest = select(*_job).where(*free).order_by(_job.id).limit(1)
    with reading(engine) as connection:  # most of the time there is none, and nobody waits for a turn to learn that
        if connection.execute(oldest).first() is None:
            return None
    with transaction(engine) as connection:
        row = connection.execute(oldest.with_for_update(skip_locked=True)).first()
        if row is None:
            return None
        connection.execute(delete(ReportPart).where(_part.job_id == row.id))
        until = now + LEASE
        connection.execute(update(ReportJob).where(_job.id == row.id).values(taken_until=until, done=0, total=0))
    return Wanted(
        id=row.id, public_id=row.public_id, kind=row.kind, asked=json.loads(row.asked), language=row.language,
        asker=Asker(row.account_id, row.post_id), asked_at=row.asked_at, mail=row.mail, until=until,
    )  # fmt: skip


def tell(engine: Engine, wanted: Wanted, done: int, total: int, *, now: datetime) -> None:
    """How far it is; the lease begins anew. Raises `ReportIsLost`, as everything below that writes."""
    until = now + LEASE
    with transaction(engine) as connection:
        _write(connection, wanted, done=done, total=total, taken_until=until)
    wanted.until = until


def give_back(engine: Engine, wanted: Wanted) -> None:
    """Whoever comes next begins it anew."""
    with transaction(engine) as connection:
        _write(connection, wanted, taken_until=None, done=0, total=0)


def keep(engine: Engine, wanted: Wanted, file: IO[bytes], clock: Callable[[], datetime]) -> tuple[int, str]:
    """Writes what is left to read in the file beside the report, each piece in a transaction of its own, at which the lease
    begins anew; returns how many bytes there were, and their SHA-256."""
    size, digest, number = 0, hashlib.sha256(), 0
    while piece := file.read(PIECE):
        until = clock() + LEASE
        with transaction(engine) as connection:
            _write(connection, wanted, taken_until=until)
            connection.execute(insert(ReportPart).values(job_id=wanted.id, number=number, content=piece))
        wanted.until = until
        size, number = size + len(piece), number + 1
        digest.update(piece)
    return size, digest.hexdigest()


def finish(connection: Connection, wanted: Wanted, *, name: str, size: int, sha256: str, now: datetime) -> None:
    _write(connection, wanted, finished_at=now, taken_until=None, name=name, bytes=size, sha256=sha256)


def fail(connection: Connection, wanted: Wanted, code: str, values: Mapping[str, str], *, now: datetime) -> None:
    """There will be none. `code` and `values` say why, in whatever language it is read."""
    why = json.dumps([code, dict(values)], ensure_ascii=False)
    _write(connection, wanted, finished_at=now, taken_until=None, failed=why)


def _write(connection: Connection, wanted: Wanted, **values: Any) -> None:
    still_held = _job.id == wanted.id, _job.taken_until == wanted.until
    if connection.execute(update(ReportJob).where(*still_held).values(values)).rowcount != 1:
        raise ReportIsLost


def _as_text(asked: Asked) -> str:
    return json.dumps(asked, ensure_ascii=False, sort_keys=True)


def _report(row: Any) -> Report:
    return Report(
        id=row.id, public_id=row.public_id, kind=row.kind, asked=json.loads(row.asked), asked_at=row.asked_at,
        taken=row.taken_until is not None, done=row.done, total=row.total, finished_at=row.finished_at,
        failed=tuple(json.loads(row.failed)) if row.failed else None, name=row.name, bytes=row.bytes,
        sha256=row.sha256, seen=row.seen_at is not None,
    )  # fmt: skip
