"""A job that waits too long for others to write is a failed run, and is tried again at its next time."""

import time
from pathlib import Path

import pytest

import infra.db
from cases.jobruns import JobLine, all_runs
from infra.db import reading, transaction
from infra.line import WaitedTooLong
from infra.settings import Settings
from ops.jobs import JOBS, Job, run_job
from tests.databases import START, SmallOffice, office, office_template, sqlite_template, step

__all__ = ["office", "office_template", "sqlite_template"]

WORDS = {"title": "停车位", "statement": "小区停车难。", "applicant": "白某"}


def last_run(office: SmallOffice, job: str) -> JobLine | None:
    with reading(office.engine) as connection:
        return next((run for run in all_runs(connection) if run.job == job), None)


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_every_job_gives_up_in_time_and_runs_again(
    job: Job, office: SmallOffice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(infra.db, "PATIENCE_SECONDS", 0.05)
    with transaction(office.engine), pytest.raises(WaitedTooLong):
        run_job(job, office.engine, Settings(home=tmp_path), now=START)
    assert last_run(office, job.name) is None, "not even that could be noted"
    run_job(job, office.engine, Settings(home=tmp_path), now=START)
    noted = last_run(office, job.name)
    assert noted
    assert (noted.succeeded_at, noted.failing_since) == (START, None)


def test_a_sweep_that_cannot_write_does_not_wait_once_for_each_light(
    office: SmallOffice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Clock by clock is for a row that something is wrong with. Twenty would wait twenty times, for longer than this test."""
    monkeypatch.setattr(infra.db, "PATIENCE_SECONDS", 0.5)
    for _ in range(20):
        office.tell("petition", step("2026-03-02T09:00", "clerk", "Register", **WORDS))
    sweep, later = next(job for job in JOBS if job.name == "sweep"), START.replace(year=2027)
    with transaction(office.engine):
        begun = time.monotonic()
        with pytest.raises(WaitedTooLong):
            run_job(sweep, office.engine, Settings(home=tmp_path), now=later)
        assert time.monotonic() - begun < 20 * 0.5
    figures = run_job(sweep, office.engine, Settings(home=tmp_path), now=later)
    assert (figures["clocks"], figures["failed"]) >= (20, 0)
