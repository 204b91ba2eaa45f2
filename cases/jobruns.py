"""When each recurring job last succeeded or failed. Pages show it; a stopped sweep cannot hide."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.sql import bindparam

from cases.tables import JobRun
from infra.statements import Statement

_run = JobRun.__table__.c  # type: ignore[attr-defined]
_LAST_SUCCESS = Statement(select(_run.succeeded_at).where(_run.job == bindparam("job")))


def note_run(connection: Connection, job: str, *, now: datetime, summary: str, succeeded: bool) -> None:
    values = {"summary": summary, ("succeeded_at" if succeeded else "failed_at"): now}
    table = JobRun.__table__  # type: ignore[attr-defined]
    touched = connection.execute(table.update().where(_run.job == job).values(**values))
    if touched.rowcount == 0:
        connection.execute(table.insert().values(job=job, **values))


def last_success(connection: Connection, job: str) -> datetime | None:
    rows = _LAST_SUCCESS.rows(connection, job=job)
    return rows[0][0] if rows else None


def all_runs(connection: Connection) -> list[Any]:
    """Rows of every job that has run: name, last success, last failure, what it did."""
    return list(connection.execute(select(JobRun.__table__).order_by(_run.job)))  # type: ignore[attr-defined]
