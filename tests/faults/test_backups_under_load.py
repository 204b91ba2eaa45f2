"""A short run of the experiment with backups; `./dev experiments backup` is the long one."""

import os
import shutil
from pathlib import Path

import pytest

from tests.experiments.backup import Plan, run
from tests.experiments.stop import figures
from tests.servers import postgres_bin


@pytest.mark.postgres
def test_a_backup_made_under_load_is_a_whole_office_elsewhere_and_sends_nothing_twice(
    postgres: str, tmp_path: Path
) -> None:
    if not shutil.which("pg_dump", path=f"{postgres_bin() or ''}:{os.environ['PATH']}"):
        pytest.skip("no pg_dump on this machine")
    found = run("postgresql", postgres, tmp_path, Plan(backups=1, cases=150, share=8, clerks=1))
    assert found.violations == [], figures(found)
