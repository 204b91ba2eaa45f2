"""The timers of a running program: which job runs when, in which of several programs, and that nobody hands them a time."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from apscheduler.events import EVENT_JOB_EXECUTED
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import Engine

from cases.jobruns import all_runs
from infra.db import reading
from infra.settings import Settings
from ops.jobs import JOBS
from ops.timers import LOOK_SECONDS as LOOK_AT_CLOCK_SECONDS
from ops.timers import TimersLock, running_timers
from tests.databases import Clock, SmallOffice, office, office_template, sqlite_template, step, stopped_clock

__all__ = ["office", "office_template", "sqlite_template"]

#: Wednesday 22 April 2026, one second before 00:00 in Shanghai.
MIDNIGHT = datetime(2026, 4, 21, 16, 0, tzinfo=UTC)
BEFORE_MIDNIGHT = MIDNIGHT - timedelta(seconds=1)
PATIENCE_SECONDS, LOOK_SECONDS = 60.0, 0.01


@pytest.fixture
def clock() -> Iterator[Clock]:
    with stopped_clock(BEFORE_MIDNIGHT) as stopped:
        yield stopped


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def runs(engine: Engine) -> dict[str, datetime | None]:
    with reading(engine) as connection:
        return {row.job: row.succeeded_at for row in all_runs(connection)}


def wait_for(engine: Engine, **wanted: datetime) -> None:
    """Until these jobs have last succeeded at these instants."""
    waiting = threading.Event()
    for _ in range(int(PATIENCE_SECONDS / LOOK_SECONDS)):
        if wanted.items() <= runs(engine).items():
            return
        waiting.wait(LOOK_SECONDS)
    raise AssertionError({name: str(at) for name, at in runs(engine).items()})


def all_jobs_done(scheduler: BackgroundScheduler) -> threading.Event:
    """Set once the scheduler has come to the end of as many jobs as there are from now on, whatever they did."""
    done, ended = threading.Event(), []

    def note(ending: Any) -> None:
        ended.append(ending.job_id)
        if len(ended) == len(JOBS):
            done.set()

    scheduler.add_listener(note, EVENT_JOB_EXECUTED)
    return done


def test_every_job_runs_a_second_after_the_start_and_again_after_its_own_time(
    office: SmallOffice, settings: Settings, clock: Clock
) -> None:
    with running_timers(office.engine, settings) as scheduler:
        clock.move_to(MIDNIGHT)  # one second later
        scheduler.wakeup()
        wait_for(office.engine, **{job.name: MIDNIGHT for job in JOBS})
        # A minute later those that run every minute have run again, and no others.
        clock.move_to(MIDNIGHT + timedelta(minutes=1))
        scheduler.wakeup()
        every_minute = {
            "clock",
            "sweep",
            "signing",
            "tally",
            "deliver",
            "checkpoint",
            "reports",
            "posts",
            "webhooks",
            "texts",
        }
        wait_for(office.engine, **dict.fromkeys(every_minute, MIDNIGHT + timedelta(minutes=1)))
    assert {name for name, at in runs(office.engine).items() if at != MIDNIGHT} == every_minute


def test_a_light_is_noticed_by_the_timers_at_the_instant_at_which_it_lights(
    office: SmallOffice, settings: Settings, clock: Clock
) -> None:
    """A petition of 2 March: sixty days end with 1 May, the last ten light yellow from 00:00 of day 51, 22 April: 31 March
    is day 29, 22 April is 29 + 22 = 51."""
    told = office.tell(
        "petition",
        step("2026-03-02T09:00", "clerk", "Register", title="停车位", statement="小区停车难。", applicant="白某"),
        step("2026-03-02T09:10", "clerk", "Accept"),
    )
    lit = "SELECT recorded_at FROM event WHERE stream = ? AND code = 'clock:crossed' AND occurred_at = ?"
    at = "2026-04-21 16:00:00.000000"
    with running_timers(office.engine, settings) as scheduler:
        assert _rows(office.engine, lit, told.case_id, at) == []
        clock.move_to(MIDNIGHT)
        scheduler.wakeup()
        wait_for(office.engine, sweep=MIDNIGHT)
    assert _rows(office.engine, lit, told.case_id, at) == [(at,)]


def test_of_two_programs_on_one_home_one_runs_the_timers_and_the_other_takes_over_when_it_ends(
    office: SmallOffice, settings: Settings, clock: Clock
) -> None:
    with ExitStack() as both:
        first = both.enter_context(running_timers(office.engine, settings))
        second = both.enter_context(running_timers(office.engine, settings))
        clock.move_to(MIDNIGHT)
        left_alone = all_jobs_done(second)
        second.wakeup()  # it has the same jobs to run, and leaves them to the other
        assert left_alone.wait(PATIENCE_SECONDS)
        assert runs(office.engine) == {}
        assert not TimersLock(settings.home).is_ours()
        first.wakeup()
        wait_for(office.engine, **{job.name: MIDNIGHT for job in JOBS})
    lock = TimersLock(settings.home)
    assert lock.is_ours()
    with running_timers(office.engine, settings) as waiting:
        left_alone = all_jobs_done(waiting)
        clock.move_to(MIDNIGHT + timedelta(seconds=1))
        waiting.wakeup()
        assert left_alone.wait(PATIENCE_SECONDS)
        assert set(runs(office.engine).values()) == {MIDNIGHT}
        lock.let_go()  # the other program has ended
        clock.move_to(MIDNIGHT + timedelta(minutes=1, seconds=1))
        waiting.wakeup()
        wait_for(office.engine, sweep=MIDNIGHT + timedelta(minutes=1, seconds=1))


def test_the_timers_go_on_at_once_when_a_clock_that_was_ahead_is_put_right(
    office: SmallOffice, settings: Settings, clock: Clock
) -> None:
    """What was planned by the wrong time would be an hour away."""
    hour = timedelta(hours=1)
    with running_timers(office.engine, settings) as scheduler:
        clock.move_to(MIDNIGHT)
        scheduler.wakeup()
        wait_for(office.engine, **{job.name: MIDNIGHT for job in JOBS})
        clock.put_wrong(hour)
        scheduler.wakeup()
        wait_for(office.engine, tally=MIDNIGHT + hour)
        threading.Event().wait(5 * LOOK_AT_CLOCK_SECONDS)
        clock.put_wrong(-hour)
        for _ in range(int(PATIENCE_SECONDS)):
            if all(job.next_run_time < MIDNIGHT + timedelta(minutes=1) for job in scheduler.get_jobs()):
                break
            threading.Event().wait(0.2)
        again = clock.move_to(MIDNIGHT + timedelta(minutes=2))
        scheduler.wakeup()
        wait_for(office.engine, sweep=again, tally=again)


def _rows(engine: Engine, query: str, *values: object) -> list[tuple[object, ...]]:
    with reading(engine) as connection:
        return [tuple(row) for row in connection.exec_driver_sql(query, values)]
