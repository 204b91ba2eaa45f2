"""When each recurring job last succeeded or failed, since when it keeps failing, and what it did. Pages show it; neither a
stopped sweep nor a job that fails at every run can hide."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from cases.tables import JobRun
from infra.statements import Statement, insert_or

#: What a run did, by name: how many clocks it crossed, how many mails it sent.
Figures = Mapping[str, int]
#: The figure of what a run stepped over and will meet again: such a run has not gone well.
STEPPED_OVER = "failed"

BROKE_OFF = json.dumps(None)
_run = JobRun.__table__.c  # type: ignore[attr-defined]  # SQLModel sets it
JOB_COLUMNS = (_run.job, _run.succeeded_at, _run.failed_at, _run.failing_since, _run.summary)
_ALL = Statement(select(*JOB_COLUMNS).order_by(_run.job))


@dataclass(frozen=True, slots=True, kw_only=True)
class JobLine:
    """A job as its runs have left it. `failing_since` None: its last run went well; `figures` None: it broke off."""

    job: str
    succeeded_at: datetime | None
    failed_at: datetime | None
    failing_since: datetime | None
    figures: Figures | None


def note_success(connection: Connection, job: str, *, now: datetime, figures: Figures) -> None:
    """The run came to its end. If it had to step over something it counts as a failure beside."""
    went_wrong = _failure(now) if figures.get(STEPPED_OVER) else {"failing_since": None}
    _note(connection, job, {"succeeded_at": now, "summary": json.dumps(dict(figures)), **went_wrong})


def note_failure(connection: Connection, job: str, *, now: datetime) -> None:
    """The run broke off."""
    _note(connection, job, {"summary": BROKE_OFF, **_failure(now)})


def all_runs(connection: Connection) -> list[JobLine]:
    """Every job that has run, by name."""
    return [line_from(*row) for row in _ALL.rows(connection)]


def _failure(now: datetime) -> dict[str, Any]:
    return {"failed_at": now, "failing_since": func.coalesce(_run.failing_since, now)}


def _note(connection: Connection, job: str, values: dict[str, Any]) -> None:
    row = insert_or(connection, JobRun).values(job=job, **{**values, **_first(values)})
    connection.execute(row.on_conflict_do_update(index_elements=["job"], set_=values))


def _first(values: Mapping[str, Any]) -> dict[str, Any]:
    """Of a job that has never run nothing can be kept."""
    return {"failing_since": values["failed_at"]} if "failed_at" in values else {}


def line_from(
    job: str, succeeded_at: datetime | None, failed_at: datetime | None, failing_since: datetime | None, summary: str
) -> JobLine:
    return JobLine(
        job=job,
        succeeded_at=succeeded_at,
        failed_at=failed_at,
        failing_since=failing_since,
        figures=json.loads(summary),
    )
