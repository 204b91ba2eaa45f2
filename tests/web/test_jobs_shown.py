"""A recurring job that fails at every run reaches a person: in the footer of staff pages, and on the administrator's page."""

from datetime import UTC, datetime, timedelta

import pytest

from cases.jobruns import all_runs, note_failure, note_success
from infra.db import reading, transaction
from ops.jobs import FIGURES, JOBS, Job, run_job
from tests.databases import START, Site
from tests.web.reading import page

FIRST, MINUTE = datetime(2026, 3, 2, 2, 0, tzinfo=UTC), timedelta(minutes=1)  # 10:00 in Shanghai
SAID = {
    "zh_CN": ("计入考核汇总：自 3月2日 10:00 起每次运行都失败。", "请告知管理员。", "以下任务持续失败", "计入考核汇总，自 3月2日 10:00 起"),
    "en": (
        "Tallying for the assessment: failing at every run since 2 Mar 10:00.", "Please tell the administrator.",
        "These jobs keep failing", "Tallying for the assessment, since 2 Mar 10:00",
    ),
}  # fmt: skip


def fail(site: Site) -> None:
    """The job `tally` breaks off, as it does over an event that nobody can read, five times, once a minute."""
    for run in range(5):
        with transaction(site.engine) as connection:
            note_failure(connection, "tally", now=FIRST + run * MINUTE)
    site.clock.set("2026-03-02T10:05")


@pytest.mark.parametrize("language", SAID)
def test_staff_read_in_the_footer_which_job_fails_and_since_when(site: Site, language: str) -> None:
    fail(site)
    footer, tell, *_ = SAID[language]
    shown = page(site.session_for("clerk"), f"/work?lang={language}")
    assert footer in shown.text
    assert tell in shown.text


@pytest.mark.parametrize("language", SAID)
def test_the_administrator_reads_which_job_fails_since_when_and_what_to_do(site: Site, language: str) -> None:
    fail(site)
    footer, tell, heading, line = SAID[language]
    shown = page(site.session_for("administrator"), f"/mails?lang={language}")
    assert footer in shown.text
    assert tell not in shown.text
    assert "/mails#jobs" in shown.links
    assert "jobs" in shown.ids
    assert heading in shown.text
    assert line in shown.text
    assert {"zh_CN": "中途出错", "en": "broke off"}[language] in shown.text


def test_people_who_do_not_work_here_read_nothing_of_it(site: Site) -> None:
    fail(site)
    assert "每次运行都失败" not in page(site.browser(), "/file").text


def test_a_job_fails_since_its_first_failure_after_the_last_run_that_went_well(site: Site) -> None:
    def run(minute: int, *, well: bool) -> None:
        with transaction(site.engine) as connection:
            if well:
                note_success(connection, "tally", now=FIRST + minute * MINUTE, figures={"cases": 3})
            else:
                note_failure(connection, "tally", now=FIRST + minute * MINUTE)

    for minute, well in enumerate((False, True, False, False, False)):
        run(minute, well=well)
    with reading(site.engine) as connection:
        [line] = [one for one in all_runs(connection) if one.job == "tally"]
    # Well at 10:01, failed from 10:02 to 10:04.
    assert line.succeeded_at == FIRST + MINUTE
    assert (line.failing_since, line.failed_at) == (FIRST + 2 * MINUTE, FIRST + 4 * MINUTE)
    run(5, well=True)
    with reading(site.engine) as connection:
        [line] = [one for one in all_runs(connection) if one.job == "tally"]
    assert (line.failing_since, line.figures) == (None, {"cases": 3})
    assert "每次运行都失败" not in page(site.session_for("clerk"), "/work").text


def test_a_run_that_breaks_off_is_noted_as_a_failure_and_raised(site: Site) -> None:
    class Broken(Exception):
        """What nobody has thought of."""

    def breaks(*_: object) -> dict[str, int]:
        raise Broken

    with pytest.raises(Broken):
        run_job(Job(name="tally", every=MINUTE, run=breaks), site.engine, site.settings, now=START)
    with reading(site.engine) as connection:
        [line] = all_runs(connection)
    assert (line.job, line.failing_since, line.succeeded_at) == ("tally", START, None)


def test_a_sweep_that_steps_over_a_clock_keeps_failing_until_it_is_recorded(site: Site) -> None:
    for figures, since in (({"clocks": 4, "failed": 1}, FIRST), ({"clocks": 1, "failed": 1}, FIRST)):
        with transaction(site.engine) as connection:
            note_success(connection, "sweep", now=FIRST + MINUTE * (4 - figures["clocks"]), figures=figures)
        with reading(site.engine) as connection:
            [line] = all_runs(connection)
        assert line.failing_since == since
    site.clock.set("2026-03-02T10:05")
    text_of_page = page(site.session_for("administrator"), "/mails").text
    assert "时限到点 1 项、未能记录 1 项" in text_of_page
    assert "检查时限：自 3月2日 10:00 起每次运行都失败。" in text_of_page


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_what_a_job_did_is_told_in_figures_that_have_a_name(site: Site, job: Job) -> None:
    figures = run_job(job, site.engine, site.settings, now=site.clock())
    assert all(type(n) is int for n in figures.values())
    assert figures.keys() <= set(FIGURES)


@pytest.mark.parametrize("figure", FIGURES)
def test_each_figure_is_said_in_words(site: Site, figure: str) -> None:
    with transaction(site.engine) as connection:
        note_success(connection, "sweep", now=site.clock(), figures={figure: 7})
    shown = page(site.session_for("administrator"), "/mails").text
    assert "=" not in shown
    assert "did." not in shown
    assert "没有要处理的" not in shown
