"""The recurring jobs, all of them in one table: name, how often, what is called. Each is given the instant it runs at."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from cases.anchors import is_due, make_anchors, own_key
from cases.jobruns import Figures, note_failure, note_success
from cases.office import load_office
from cases.rating_origins import forget_old_origins
from cases.reads import gather
from cases.signing import sign_by_time
from cases.sweep import sweep
from cases.tally import keep_up
from cases.thirds import warn_of_third_reds
from infra.db import checkpoint, reading, transaction
from infra.line import WaitedTooLong
from infra.settings import Settings
from notifications.daily import release_digests
from notifications.deliver import deliver
from people.known_browsers import forget_old_browsers
from people.signin import forget_old_sessions
from people.tries import forget_old_tries

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """`run` returns what it did; whoever prints that finds the words."""

    name: str
    every: timedelta
    run: Callable[[Engine, Settings, datetime], Figures]


def _sweep(engine: Engine, _settings: Settings, now: datetime) -> Figures:
    done = sweep(engine, now=now)
    return {"clocks": done.clocks, "failed": len(done.failed), "truncated": int(done.truncated)}


def _signing(engine: Engine, _settings: Settings, now: datetime) -> Figures:
    with reading(engine) as connection:
        office = load_office(connection)
    return {"signed": sign_by_time(engine, office, now=now)}


def _deliver(engine: Engine, settings: Settings, now: datetime) -> Figures:
    with reading(engine) as connection:
        office = load_office(connection)
    done = deliver(engine, office=office, settings=settings, now=now)
    return {"sent": done.sent, "deferred": done.deferred, "dead": done.dead}


def _third_reds(engine: Engine, _settings: Settings, now: datetime) -> Figures:
    with reading(engine) as connection:
        office = load_office(connection)
    return {"units": warn_of_third_reds(engine, office.policy.calendar, now=now)}


def _digests(engine: Engine, _settings: Settings, now: datetime) -> Figures:
    with reading(engine) as connection:
        office = load_office(connection)
    return {"digests": release_digests(engine, office.policy.calendar, now=now)}


def _tally(engine: Engine, _settings: Settings, _now: datetime) -> Figures:
    with reading(engine) as connection:
        office = load_office(connection)
    return {"cases": keep_up(engine, office.policy.calendar)}


def _anchors(engine: Engine, settings: Settings, now: datetime) -> Figures:
    with reading(engine) as connection:
        office = load_office(connection)
        due = is_due(connection, office, now=now)
    if not due:
        return {"anchors": 0}
    with transaction(engine) as connection:
        key = own_key(connection, settings.home, now=now)
    return {"anchors": len(make_anchors(engine, office=office, key=key, now=now))}


def _checkpoint(engine: Engine, _settings: Settings, _now: datetime) -> Figures:
    checkpoint(engine)
    return {}


def _reads(engine: Engine, _settings: Settings, now: datetime) -> Figures:
    with transaction(engine) as connection:
        return {"reads": gather(connection, now=now)}


def _forget_sessions(engine: Engine, _settings: Settings, now: datetime) -> Figures:
    with transaction(engine) as connection:
        return {"forgotten": forget_old_sessions(connection, now=now)}


def _forget_origins(engine: Engine, _settings: Settings, now: datetime) -> Figures:
    with transaction(engine) as connection:
        return {"forgotten": forget_old_origins(connection, now=now)}


def _forget_tries(engine: Engine, _settings: Settings, now: datetime) -> Figures:
    with transaction(engine) as connection:
        return {"forgotten": forget_old_tries(connection, now=now) + forget_old_browsers(connection, now=now)}


#: The names of the figures that runs give.
FIGURES = (
    "clocks", "failed", "truncated", "sent", "deferred", "dead", "units", "digests", "cases", "anchors", "forgotten",
    "signed", "reads",
)  # fmt: skip
JOBS = (
    Job(name="sweep", every=timedelta(minutes=1), run=_sweep),
    Job(name="signing", every=timedelta(minutes=1), run=_signing),
    Job(name="tally", every=timedelta(minutes=1), run=_tally),
    Job(name="third_reds", every=timedelta(minutes=10), run=_third_reds),
    Job(name="digests", every=timedelta(minutes=10), run=_digests),
    Job(name="anchors", every=timedelta(minutes=10), run=_anchors),
    Job(name="deliver", every=timedelta(minutes=1), run=_deliver),
    Job(name="checkpoint", every=timedelta(minutes=1), run=_checkpoint),
    Job(name="reads", every=timedelta(minutes=10), run=_reads),
    Job(name="sessions", every=timedelta(hours=1), run=_forget_sessions),
    Job(name="tries", every=timedelta(hours=1), run=_forget_tries),
    Job(name="origins", every=timedelta(hours=1), run=_forget_origins),
)


def run_job(job: Job, engine: Engine, settings: Settings, *, now: datetime) -> Figures:
    """Runs a job once, notes how it went, and returns what it did. A failure is noted too, and raised."""
    try:
        figures = job.run(engine, settings, now)
    except Exception:  # the per-job edge: whatever it was, people are told that the job fails
        _note_failure(job, engine, now=now)
        raise
    with transaction(engine) as connection:
        note_success(connection, job.name, now=now, figures=figures)
    return figures


def _note_failure(job: Job, engine: Engine, *, now: datetime) -> None:
    """If that can be written: a run that failed because nobody can write fails for that, and not for its note."""
    try:
        with transaction(engine) as connection:
            note_failure(connection, job.name, now=now)
    except (WaitedTooLong, OperationalError):
        log.warning("a failed run could not be noted", extra={"job": job.name})
