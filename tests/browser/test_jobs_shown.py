"""A job that keeps failing, as it is seen: nothing scrolls sideways on a desk and on a phone, in either language."""

from datetime import timedelta

import pytest

from cases.jobruns import note_failure, note_success
from infra.db import transaction
from tests.browser.conftest import Office
from tests.browser.test_looks import LANGUAGES, SCROLLS, WIDTHS, keep

PAGES = {"clerk": "/work", "administrator": "/mails"}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("login", PAGES)
def test_a_failing_job_is_read_without_scrolling_sideways(
    served: Office, login: str, language: str, width: str
) -> None:
    now = served.site.clock.set("2026-03-13T09:00")
    with transaction(served.site.engine) as connection:
        note_success(connection, "sweep", now=now, figures={"clocks": 4, "failed": 0, "truncated": 0})
        note_success(connection, "deliver", now=now, figures={"sent": 12, "deferred": 1, "dead": 0})
        for minute in (50, 1, 0):
            note_failure(connection, "tally", now=now - timedelta(minutes=minute))
            note_failure(connection, "anchors", now=now - timedelta(minutes=minute))
    page = served.person(login, viewport={"width": WIDTHS[width], "height": 900})
    page.goto(f"{PAGES[login]}?lang={language}")
    assert page.locator("footer .failing").count() == 2
    assert page.evaluate(SCROLLS) <= 1
    keep(page, f"jobs-{login}-{language}-{width}")
