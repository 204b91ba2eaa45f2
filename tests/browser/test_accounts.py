"""One's own account, what waits for a second person and the record of the office, as they are seen on a desk and on a phone."""

import pytest

from infra.db import transaction
from people.links import hand_over_link
from people.proposals import ADD, CHANGE_EMAIL, ask
from tests.browser.conftest import Office
from tests.browser.test_looks import LANGUAGES, SCROLLS, WIDTHS, keep
from tests.databases import START
from tests.web.test_security import with_password

PAGES = {
    "account": ("clerk", "/account"),
    "second-factor": ("clerk", "/account/second-factor"),
    "second": ("auditor", "/second"),
    "record": ("auditor", "/office-record"),
    "email": ("administrator", "/people/1/email"),
}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", PAGES)
def test_pages_about_accounts_are_read_without_scrolling_sideways(
    served: Office, name: str, language: str, width: str
) -> None:
    login, address = PAGES[name]
    office = served.site.office
    by = office.actors["administrator"]
    with_password(served.site, "auditor")
    with_password(served.site, "administrator")
    page = served.person(login, viewport={"width": WIDTHS[width], "height": 900})
    with transaction(served.site.engine) as connection:
        new = {"name": "何静洲", "role": "auditor", "unit": "2", "login": "hejingzhou", "email": "he@example.test"}
        ask(connection, ADD, account=None, data=new, actor=by, now=START)
        email = {"email": "a.rather.long.address.of.somebody@example.test"}
        ask(connection, CHANGE_EMAIL, account=office.accounts["coordinator"], data=email, actor=by, now=START)
        hand_over_link(connection, office.accounts["mediator"], key=b"key", now=START, actor=by)
    page.goto(f"{address}?lang={language}")
    assert page.evaluate(SCROLLS) <= 1
    assert page.locator("h1").count() == 1
    keep(page, f"{name}-{language}-{width}")
