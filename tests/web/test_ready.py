"""What watches the program is told how old the work of each job is, and nothing else."""

from datetime import timedelta

from cases.jobruns import note_success
from infra.db import transaction
from tests.databases import START, Site

JOBS = ("sweep", "deliver", "tally")


def ran(site: Site, *jobs: str) -> None:
    with transaction(site.engine) as connection:
        for job in jobs:
            note_success(connection, job, now=site.clock(), figures={})


def test_it_is_ready_while_every_job_has_gone_well_of_late(site: Site) -> None:
    browser = site.browser()
    answer = browser.get("/readyz")
    assert (answer.status_code, answer.text.splitlines()[0]) == (503, "not ready: sweep, deliver, tally")
    ran(site, *JOBS, "backup")
    site.clock.move_to(START + timedelta(seconds=90))
    answer = browser.get("/readyz")
    assert (answer.status_code, answer.text) == (200, "ready\nsweep 90\ndeliver 90\ntally 90\nbackup 90\n")


def test_a_job_that_stands_still_is_named(site: Site) -> None:
    ran(site, *JOBS)
    site.clock.move_to(START + timedelta(seconds=301))
    ran(site, "deliver")
    answer = site.browser().get("/readyz")
    assert answer.status_code == 503
    assert answer.text == "not ready: sweep\nsweep 301\ndeliver 0\ntally 301\nbackup never\n"
