"""The timers: APScheduler runs the jobs of `jobs.py`, in memory, one thread a job. The one place they read the clock.

Nothing here knows a deadline. A job that was missed runs once when the process is back; a job never overlaps itself.
"""

import logging
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import Engine

from infra.settings import Settings
from ops.jobs import JOBS, Job, run_job

log = logging.getLogger(__name__)

#: The first run of everything, so that a restart never leaves a light unnoticed for a whole period.
FIRST_AFTER = timedelta(seconds=1)


def start_timers(engine: Engine, settings: Settings) -> BackgroundScheduler:
    """Starts the timers of this process; the caller shuts them down."""
    scheduler = BackgroundScheduler(
        timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    for job in JOBS:
        scheduler.add_job(
            _run,
            "interval",
            seconds=job.every.total_seconds(),
            next_run_time=datetime.now(UTC) + FIRST_AFTER,
            args=(job, engine, settings),
            id=job.name,
        )
    scheduler.start()
    return scheduler


def _run(job: Job, engine: Engine, settings: Settings) -> None:
    try:
        figures = run_job(job, engine, settings, now=datetime.now(UTC))
        log.debug("job done", extra={"job": job.name, **{f"did_{name}": n for name, n in figures.items()}})
    except Exception:  # the per-job edge: logged, and shown in the footer of every page; the other jobs go on
        log.exception("job failed", extra={"job": job.name})
