"""The pages of somebody who looks after the machine, when something is wrong with it."""

from datetime import timedelta

import pytest

from infra.db import transaction
from infra.keys import key_file
from infra.signing import signing_file
from ops.jobs import JOBS, run_job
from people.office_keys import RATINGS, pin_keys
from tests.browser.conftest import Office
from tests.browser.test_looks import LANGUAGES, SCROLLS, WIDTHS, keep
from tests.databases import START

CLOCK = next(job for job in JOBS if job.name == "clock")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_wrong_and_what_to_do_is_read_without_scrolling_sideways(
    served: Office, language: str, width: str
) -> None:
    site = served.site
    home = site.settings.home
    with transaction(site.engine) as connection:
        pin_keys(connection, home, now=START)
    signing_file(home).unlink()
    key_file(home, RATINGS).write_bytes(b"x" * 32)
    run_job(CLOCK, site.engine, site.settings, now=site.clock())
    page = served.person("administrator", viewport={"width": WIDTHS[width], "height": 900})
    page.goto(f"/keys?lang={language}")
    assert page.locator(".panel.warning").count() == 2
    assert page.evaluate(SCROLLS) <= 1
    keep(page, f"keys-{language}-{width}")
    page.locator("main summary").first.click()
    keep(page, f"keys-open-{language}-{width}")
    site.clock.put_wrong(timedelta(minutes=20))
    run_job(CLOCK, site.engine, site.settings, now=site.clock())
    page.goto(f"/clock?lang={language}")
    assert page.locator(".stopped").count() == 1
    assert page.evaluate(SCROLLS) <= 1
    keep(page, f"clock-{language}-{width}")
    page.locator("main form button[type=submit]").click()
    assert page.locator(".stopped").count() == 0
    page.goto("/people")
    assert page.evaluate(SCROLLS) <= 1
