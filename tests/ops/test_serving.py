"""`huiyin serve --workers N` as real processes: who serves, who runs the timers, and that none is left behind."""

import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.databases import SmallOffice, office, office_template, sqlite_template
from tests.program import PATIENCE_SECONDS, serving, until

__all__ = ["office", "office_template", "sqlite_template"]


@pytest.fixture
def home(office: SmallOffice, tmp_path: Path) -> Path:
    """The home of the small office, whose database lies where the program looks for it."""
    assert (tmp_path / "huiyin.db").is_file()
    return tmp_path


def test_two_workers_serve_one_process_runs_the_timers_and_ctrl_c_ends_them_all(home: Path) -> None:
    with serving(home, "--workers", "2") as program:
        until(lambda: len(program.workers()) == 2, "two workers")
        until(lambda: _swept(home), "the timers run")
        holders = {pid for pid in program.members() if _has_open(pid, home / "timers.lock")}
        assert holders == {program.process.pid}
        os.killpg(program.process.pid, signal.SIGINT)  # as a terminal does: to the whole group
        program.process.wait(PATIENCE_SECONDS)
        until(lambda: not program.members(), "all have ended")


def test_the_workers_end_when_the_program_is_killed(home: Path) -> None:
    with serving(home, "--workers", "2", "--no-timers") as program:
        until(lambda: len(program.workers()) == 2, "two workers")
        program.process.kill()
        program.process.wait()
        until(lambda: not program.members(), "nobody listens on its port any more")


def test_a_worker_that_dies_is_replaced_and_to_be_told_to_stop_ends_them_all(home: Path) -> None:
    with serving(home, "--workers", "2", "--no-timers") as program:
        until(lambda: len(program.workers()) == 2, "two workers")
        gone = min(program.workers())
        os.kill(gone, signal.SIGKILL)
        until(lambda: len(program.workers() - {gone}) == 2, "another one")
        assert program.answers()
        assert not _swept(home)
        program.process.terminate()
        program.process.wait(PATIENCE_SECONDS)
        until(lambda: not program.members(), "all have ended")


def _swept(home: Path) -> bool:
    with closing(sqlite3.connect(home / "huiyin.db")) as database:
        return bool(database.execute("SELECT count(*) FROM job_run WHERE job = 'sweep'").fetchone()[0])


def _has_open(pid: int, file: Path) -> bool:
    try:
        return any(os.path.realpath(one) == str(file) for one in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return False
