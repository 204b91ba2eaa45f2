"""The recurring jobs, all of them in one table: name, how often, what is called. Each is given the instant it runs at."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine

from cases.anchors import is_due, make_anchors
from cases.jobruns import note_run
from cases.office import load_office
from cases.rating_origins import forget_old_origins
from cases.sweep import sweep
from cases.tally import keep_up
from cases.thirds import warn_of_third_reds
from infra.db import checkpoint, reading, transaction
from infra.settings import Settings
from infra.signing import signing_key
from notifications.daily import release_digests
from notifications.deliver import deliver
from people.known_browsers import forget_old_browsers
from people.signin import forget_old_sessions
from people.tries import forget_old_tries


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """`run` returns what it did, in figures, for the page that shows the jobs."""

    name: str
    every: timedelta
    run: Callable[[Engine, Settings, datetime], str]


def _sweep(engine: Engine, _settings: Settings, now: datetime) -> str:
    done = sweep(engine, now=now)
    return f"clocks={done.clocks} failed={len(done.failed)} truncated={int(done.truncated)}"


def _deliver(engine: Engine, settings: Settings, now: datetime) -> str:
    with reading(engine) as connection:
        office = load_office(connection)
    done = deliver(engine, office=office, settings=settings, now=now)
    return f"sent={done.sent} deferred={done.deferred} dead={done.dead}"


def _third_reds(engine: Engine, _settings: Settings, now: datetime) -> str:
    with reading(engine) as connection:
        office = load_office(connection)
    return f"units={warn_of_third_reds(engine, office.policy.calendar, now=now)}"


def _digests(engine: Engine, _settings: Settings, now: datetime) -> str:
    with reading(engine) as connection:
        office = load_office(connection)
    return f"digests={release_digests(engine, office.policy.calendar, now=now)}"


def _tally(engine: Engine, _settings: Settings, _now: datetime) -> str:
    with reading(engine) as connection:
        office = load_office(connection)
    return f"cases={keep_up(engine, office.policy.calendar)}"


def _anchors(engine: Engine, settings: Settings, now: datetime) -> str:
    with reading(engine) as connection:
        office = load_office(connection)
        due = is_due(connection, office, now=now)
    made = make_anchors(engine, office=office, key=signing_key(settings.home), now=now) if due else ()
    return f"anchors={len(made)}"


def _checkpoint(engine: Engine, _settings: Settings, _now: datetime) -> str:
    checkpoint(engine)
    return ""


def _forget_sessions(engine: Engine, _settings: Settings, now: datetime) -> str:
    with transaction(engine) as connection:
        return f"forgotten={forget_old_sessions(connection, now=now)}"


def _forget_origins(engine: Engine, _settings: Settings, now: datetime) -> str:
    with transaction(engine) as connection:
        return f"forgotten={forget_old_origins(connection, now=now)}"


def _forget_tries(engine: Engine, _settings: Settings, now: datetime) -> str:
    with transaction(engine) as connection:
        return f"tries={forget_old_tries(connection, now=now)} browsers={forget_old_browsers(connection, now=now)}"


JOBS = (
    Job(name="sweep", every=timedelta(minutes=1), run=_sweep),
    Job(name="tally", every=timedelta(minutes=1), run=_tally),
    Job(name="third_reds", every=timedelta(minutes=10), run=_third_reds),
    Job(name="digests", every=timedelta(minutes=10), run=_digests),
    Job(name="anchors", every=timedelta(minutes=10), run=_anchors),
    Job(name="deliver", every=timedelta(minutes=1), run=_deliver),
    Job(name="checkpoint", every=timedelta(minutes=1), run=_checkpoint),
    Job(name="sessions", every=timedelta(hours=1), run=_forget_sessions),
    Job(name="tries", every=timedelta(hours=1), run=_forget_tries),
    Job(name="origins", every=timedelta(hours=1), run=_forget_origins),
)


def run_job(job: Job, engine: Engine, settings: Settings, *, now: datetime) -> str:
    """Runs a job once and notes that it succeeded. A failure is noted too, and raised."""
    try:
        summary = job.run(engine, settings, now)
    except Exception:
        with transaction(engine) as connection:
            note_run(connection, job.name, now=now, summary="", succeeded=False)
        raise
    with transaction(engine) as connection:
        note_run(connection, job.name, now=now, summary=summary, succeeded=True)
    return summary
