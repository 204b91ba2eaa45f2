"""The recurring jobs, all of them in one table: name, how often, what is called. Each is given the instant it runs at."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine

from cases.anchors import is_due, make_anchors
from cases.clock_watch import believe, look, trusted_time
from cases.jobruns import Figures, note_failure, note_success
from cases.office import OfficeContext, load_office
from cases.rating_origins import forget_old_origins
from cases.reads import gather
from cases.signing import sign_by_time
from cases.sweep import sweep
from cases.tally import TalliesCatchUp, check_tallied, keep_up
from cases.thirds import warn_of_third_reds
from infra.db import CANNOT_WRITE_NOW, checkpoint, reading, transaction
from infra.settings import Settings
from infra.stopping import Stop, never
from notifications.daily import release_digests
from notifications.deliver import deliver
from notifications.hooks import post_what_happened
from notifications.texting import send_texts
from notifications.transport import remove_old_files
from ops.report_making import make_reports
from people.challenges import forget_old_challenges
from people.known_browsers import forget_old_browsers
from people.office_keys import signing_key_of_office
from people.posts import begin_and_end
from people.sign_ins import forget_old_sign_ins
from people.signin import forget_old_sessions
from people.tries import forget_old_tries
from reports.later.jobs import throw_old_away

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a job is given. `now` is the instant at which it began; a long one looks whether it is to `stop`."""

    engine: Engine
    settings: Settings
    now: datetime
    stop: Stop

    @property
    def office(self) -> OfficeContext:
        with reading(self.engine) as connection:
            return load_office(connection)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """`run` returns what it did; whoever prints that finds the words."""

    name: str
    every: timedelta
    run: Callable[[Run], Figures]
    #: Whether what it does depends on what time it is: such a job waits while the clock is in doubt.
    by_the_clock: bool = True


def _clock(run: Run) -> Figures:
    doubt = look(run.engine, now=run.now)
    if doubt:
        log.error("the clock is in doubt", extra={"why": doubt.why})
    return {}


def _sweep(run: Run) -> Figures:
    done = sweep(run.engine, now=run.now, stop=run.stop)
    return {"clocks": done.clocks, "failed": len(done.failed), "truncated": int(done.truncated)}


def _signing(run: Run) -> Figures:
    return {"signed": sign_by_time(run.engine, run.office, now=run.now, stop=run.stop)}


def _deliver(run: Run) -> Figures:
    now = trusted_time(run.engine, now=run.now)
    done = deliver(run.engine, office=run.office, settings=run.settings, now=now, stop=run.stop)
    return {"sent": done.sent, "deferred": done.deferred, "dead": done.dead}


def _texts(run: Run) -> Figures:
    done = send_texts(run.engine, office=run.office, settings=run.settings, now=run.now, stop=run.stop)
    return {"texted": done.sent, "refused": done.refused}


def _webhooks(run: Run) -> Figures:
    done = post_what_happened(run.engine, office=run.office, settings=run.settings, now=run.now, stop=run.stop)
    return {"posted": done.posted, "refused": done.failed}


def _third_reds(run: Run) -> Figures:
    try:
        with reading(run.engine) as connection:
            check_tallied(connection)
    except TalliesCatchUp:  # after an upgrade: the next run asks the marks, where this one would read every case
        return {"units": 0}
    return {"units": warn_of_third_reds(run.engine, run.office.policy.calendar, now=run.now)}


def _digests(run: Run) -> Figures:
    return {"digests": release_digests(run.engine, run.office.policy.calendar, now=run.now)}


def _tally(run: Run) -> Figures:
    return {"cases": keep_up(run.engine, run.office.policy.calendar, stop=run.stop)}


def _anchors(run: Run) -> Figures:
    with reading(run.engine) as connection:
        office = load_office(connection)
        due = is_due(connection, office, now=run.now)
    if not due:
        return {"anchors": 0}
    with transaction(run.engine) as connection:
        key = signing_key_of_office(connection, run.settings.home, now=run.now)
    return {"anchors": len(make_anchors(run.engine, office=office, key=key, now=run.now))}


def _reports(run: Run) -> Figures:
    done = make_reports(run.engine, now=run.now, stop=run.stop)
    return {"reports": done.made, "failed": done.failed}


def _old_files(run: Run) -> Figures:
    mails = remove_old_files(run.settings, written_before=run.now - timedelta(days=run.settings.mail_file_days))
    with transaction(run.engine) as connection:
        reports = throw_old_away(connection, asked_before=run.now - timedelta(days=run.settings.report_days))
    return {"forgotten": reports + mails}


def _checkpoint(run: Run) -> Figures:
    checkpoint(run.engine)
    return {}


def _reads(run: Run) -> Figures:
    with transaction(run.engine) as connection:
        return {"reads": gather(connection, now=run.now)}


def _posts(run: Run) -> Figures:
    return {"posts": begin_and_end(run.engine, now=run.now)}


def _forget_sessions(run: Run) -> Figures:
    with transaction(run.engine) as connection:
        notes = forget_old_sign_ins(connection, now=run.now) + forget_old_challenges(connection, now=run.now)
        return {"forgotten": forget_old_sessions(connection, now=run.now) + notes}


def _forget_origins(run: Run) -> Figures:
    with transaction(run.engine) as connection:
        return {"forgotten": forget_old_origins(connection, now=run.now)}


def _forget_tries(run: Run) -> Figures:
    with transaction(run.engine) as connection:
        return {"forgotten": forget_old_tries(connection, now=run.now) + forget_old_browsers(connection, now=run.now)}


#: The names of the figures that runs give.
FIGURES = (
    "clocks", "failed", "truncated", "sent", "deferred", "dead", "units", "digests", "cases", "anchors", "forgotten",
    "signed", "reads", "reports", "posts", "posted", "texted", "refused",
)  # fmt: skip
JOBS = (
    Job(name="clock", every=timedelta(minutes=1), run=_clock, by_the_clock=False),
    Job(name="sweep", every=timedelta(minutes=1), run=_sweep),
    Job(name="signing", every=timedelta(minutes=1), run=_signing),
    Job(name="posts", every=timedelta(minutes=1), run=_posts),
    Job(name="tally", every=timedelta(minutes=1), run=_tally, by_the_clock=False),
    Job(name="third_reds", every=timedelta(minutes=10), run=_third_reds),
    Job(name="digests", every=timedelta(minutes=10), run=_digests),
    Job(name="anchors", every=timedelta(minutes=10), run=_anchors),
    Job(name="deliver", every=timedelta(minutes=1), run=_deliver, by_the_clock=False),
    Job(name="webhooks", every=timedelta(minutes=1), run=_webhooks),
    Job(name="texts", every=timedelta(minutes=1), run=_texts),
    Job(name="reports", every=timedelta(seconds=5), run=_reports),
    Job(name="old_files", every=timedelta(hours=1), run=_old_files),
    Job(name="checkpoint", every=timedelta(minutes=1), run=_checkpoint, by_the_clock=False),
    Job(name="reads", every=timedelta(minutes=10), run=_reads),
    Job(name="sessions", every=timedelta(hours=1), run=_forget_sessions),
    Job(name="tries", every=timedelta(hours=1), run=_forget_tries),
    Job(name="origins", every=timedelta(hours=1), run=_forget_origins),
)


def run_job(job: Job, engine: Engine, settings: Settings, *, now: datetime, stop: Stop = never) -> Figures:
    """Runs a job once, notes how it went, and returns what it did. A failure is noted too, and raised. Raises
    `ClockIsInDoubt` for a job that goes by the clock, which has not failed then: it waits."""
    if job.by_the_clock:
        with reading(engine) as connection:
            believe(connection, now=now)
    try:
        figures = job.run(Run(engine=engine, settings=settings, now=now, stop=stop))
    except Exception:  # the per-job edge: whatever it was, people are told that the job fails
        note_broken_off(job.name, engine, now=now)
        raise
    with transaction(engine) as connection:
        note_success(connection, job.name, now=now, figures=figures)
    return figures


def note_broken_off(name: str, engine: Engine, *, now: datetime) -> None:
    """If that can be written: a run that failed because nobody can write fails for that, and not for its note."""
    try:
        with transaction(engine) as connection:
            note_failure(connection, name, now=now)
    except CANNOT_WRITE_NOW:
        log.warning("a failed run could not be noted", extra={"job": name})
