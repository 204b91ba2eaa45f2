"""An administrator is nobody else: links go to their owner, what makes an auditor takes two, and auditors hear of it."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from infra.db import reading, transaction
from ledger.tables import Message
from notifications.compose import compose
from notifications.names import give_names
from people.directory import active_with_role, find_account
from people.tables import Account
from tests.databases import Site, SmallOffice, count, form_token, serving, sqlite_copy
from tests.web.reading import page, read
from tests.web.test_closures import events as office_events
from tests.web.test_security import with_password
from verify.checking import verify
from web.pages import new_form_id
from workflow.model import Role

pytestmark = pytest.mark.usefixtures("fast_passwords")
MESSAGE = Message.__table__.c  # type: ignore[attr-defined]
NEW = {"name": "何静洲", "login": "hejingzhou", "email": "he@example.test"}


@pytest.fixture
def mailing(office_template: tuple[Path, SmallOffice], tmp_path: Path) -> Iterator[Site]:
    """A site whose office has a mail server; nothing is sent, mails are composed."""
    template, made = office_template
    with (
        sqlite_copy(template, tmp_path) as engine,
        serving(replace(made, engine=engine), tmp_path, smtp_host="mail.invalid") as site,
    ):
        yield site


@pytest.fixture(autouse=True)
def watched(request: pytest.FixtureRequest) -> None:
    """The auditor has a password, and could be the second person."""
    for name in ("site", "mailing"):
        if name in request.fixturenames:
            with_password(request.getfixturevalue(name), "auditor")


def post(browser: TestClient, path: str, **values: str) -> Any:
    return browser.post(path, data={"form_token": form_token(browser), "form_id": new_form_id(), **values})


def mails(site: Site) -> dict[str, Any]:
    """What waits, composed, by address."""
    with transaction(site.engine) as connection:
        waiting = connection.execute(select(MESSAGE.id).where(MESSAGE.stream == 0, MESSAGE.bundle.is_(None))).scalars()
        give_names(connection, list(waiting))
    with reading(site.engine) as connection:
        rows = connection.execute(select(*MESSAGE).where(MESSAGE.stream == 0)).all()
        composed = compose(connection, rows, office=site.office.context, settings=site.settings, now=site.clock())
    assert not composed.unwritten
    return {letter.to: letter.mail for letter in composed.letters}


def words(mail: Any) -> str:
    return str(mail.get_body(("plain",)).get_content())


# -- links ------------------------------------------------------------------------------------------------------------


def test_a_link_goes_to_its_owner_by_mail_and_the_administrator_never_sees_it(mailing: Site) -> None:
    administrator = mailing.session_for("administrator")
    answer = post(administrator, f"/people/{mailing.office.accounts['coordinator']}/link")
    assert answer.status_code == 200
    assert "/signin/link/" not in answer.text
    found = mails(mailing)
    assert set(found) == {"coordinator@example.test", "auditor@example.test"}
    assert "/signin/link/" not in words(found["auditor@example.test"])
    assert "账号-coordinator" in words(found["auditor@example.test"])
    link = re.search(r"/signin/link/\w+", words(found["coordinator@example.test"]))
    assert link is not None
    browser = mailing.browser()
    assert post(browser, link[0]).headers["location"] == "/password"
    assert page(browser, "/work").text.count("账号-coordinator") >= 1
    assert verify(str(mailing.engine.url)).ok


def test_a_second_copy_of_the_mail_has_the_same_link_and_the_database_has_none(mailing: Site) -> None:
    post(mailing.session_for("administrator"), f"/people/{mailing.office.accounts['clerk']}/link")
    first, second = (words(mails(mailing)["clerk@example.test"]) for _ in range(2))
    assert first == second
    token = re.search(r"/signin/link/(\w+)", first)[1]  # type: ignore[index]  # None fails the test
    assert token not in (mailing.settings.home / "huiyin.db").read_bytes().decode("latin-1")


def test_a_mail_that_became_a_file_holds_no_link(mailing: Site) -> None:
    """The office has switched its mail server off meanwhile: the administrator could read the file."""
    post(mailing.session_for("administrator"), f"/people/{mailing.office.accounts['clerk']}/link")
    filed = replace(mailing, settings=mailing.settings.model_copy(update={"smtp_host": ""}))
    assert "/signin/link/" not in words(mails(filed)["clerk@example.test"])


def test_somebody_who_is_added_gets_their_link_by_mail(mailing: Site) -> None:
    unit = str(mailing.office.units["room"])
    answer = post(mailing.session_for("administrator"), "/people", **NEW, role="clerk", unit=unit)
    assert "账号已添加" in read(answer.text).text
    assert "/signin/link/" not in answer.text
    assert "/signin/link/" in words(mails(mailing)["he@example.test"])


def test_without_mail_the_link_opens_nothing_without_the_code_of_a_second_person(site: Site) -> None:
    administrator, owner = site.session_for("administrator"), site.browser()
    answer = post(administrator, f"/people/{site.office.accounts['coordinator']}/link")
    link = re.search(r"/signin/link/\w+", answer.text)[0]  # type: ignore[index]  # None fails the test
    assert "交接码" in read(answer.text).text
    assert post(site.browser(), link).status_code == 422, "the administrator with the link alone"
    assert page(administrator, "/second").text.count("账号-coordinator") == 0, "and the code is not theirs to see"
    auditor = site.session_for("auditor")
    form = page(auditor, "/second").form("/second/code")
    code = re.search(r"\d{4} \d{4}", read(auditor.post(form.action, data=form.values).text).text)[0]  # type: ignore[index]
    assert "交接码不对" in post(owner, link, code="0000 0000").text
    full_width = code.translate({ord(str(n)): 0xFF10 + n for n in range(10)})
    assert post(owner, link, code=full_width).headers["location"] == "/password"
    assert owner.get("/work").status_code == 200
    assert [one["way"] for one in office_events(site, "account:link_made")] == ["by_hand"]
    assert len(office_events(site, "account:code_shown")) == 1
    assert "管理员为您生成了" in words(mails(site)["coordinator@example.test"])


def test_the_owner_of_a_link_is_not_its_second_person(site: Site) -> None:
    post(site.session_for("administrator"), f"/people/{site.office.accounts['auditor']}/link")
    assert not page(site.session_for("auditor"), "/second").has_form("/second/code")


def test_codes_are_slowed_like_passwords(site: Site) -> None:
    answer = post(site.session_for("administrator"), f"/people/{site.office.accounts['clerk']}/link")
    link = re.search(r"/signin/link/\w+", answer.text)[0]  # type: ignore[index]  # None fails the test
    statuses = [post(site.browser(), link, code=f"{n:08}").status_code for n in range(7)]
    assert statuses == [422] * 5 + [429] * 2


def test_an_office_that_has_nobody_else_yet_hands_links_over_without_a_code(site: Site) -> None:
    with transaction(site.engine) as connection:
        connection.execute(Account.__table__.update().values(password_hash=None))  # type: ignore[attr-defined]
    answer = post(site.session_for("administrator"), f"/people/{site.office.accounts['clerk']}/link")
    link = re.search(r"/signin/link/\w+", answer.text)[0]  # type: ignore[index]  # None fails the test
    assert post(site.browser(), link).headers["location"] == "/password"


# -- what two decide --------------------------------------------------------------------------------------------------


def auditors(site: Site) -> list[int]:
    with reading(site.engine) as connection:
        return list(active_with_role(connection, Role.AUDITOR))


def decide(browser: TestClient, verdict: str) -> Any:
    form = next(form for form in page(browser, "/second").forms if re.fullmatch(r"/second/\d+", form.action))
    return browser.post(form.action, data={**form.values, "verdict": verdict})


def test_an_auditor_is_made_by_two(mailing: Site) -> None:
    administrator, unit = mailing.session_for("administrator"), str(mailing.office.units["centre"])
    answer = post(administrator, "/people", **NEW, role="auditor", unit=unit)
    assert answer.headers["location"] == "/people?done=second_asked"
    assert auditors(mailing) == [mailing.office.accounts["auditor"]]
    own = page(administrator, "/second")
    assert "由您提出" in own.text
    assert not [form for form in own.forms if re.fullmatch(r"/second/\d+", form.action)]
    assert "有事项等待第二人同意" in words(mails(mailing)["auditor@example.test"])
    assert "已同意" in read(decide(mailing.session_for("auditor"), "agree").text).text
    assert len(auditors(mailing)) == 2
    assert "/signin/link/" in words(mails(mailing)["he@example.test"])
    assert [one["verdict"] for one in office_events(mailing, "act:decided")] == ["agreed"]
    assert verify(str(mailing.engine.url)).ok


def test_the_form_of_an_auditor_sent_again_waits_once_and_with_other_words_is_a_conflict(site: Site) -> None:
    administrator = site.session_for("administrator")
    form = {"form_id": new_form_id(), "role": "auditor", "unit": str(site.office.units["centre"]), **NEW}
    answers = [post(administrator, "/people", **form) for _ in range(2)]
    assert [answer.headers["location"] for answer in answers] == ["/people?done=second_asked"] * 2
    assert len(office_events(site, "act:asked")) == 1
    other = post(administrator, "/people", **{**form, "name": "另一人"})
    assert other.status_code == 409
    assert "另一人" in other.text


def test_what_is_refused_is_not_done(site: Site) -> None:
    unit = str(site.office.units["centre"])
    post(site.session_for("administrator"), "/people", **NEW, role="administrator", unit=unit)
    assert decide(site.session_for("auditor"), "refuse").status_code == 200
    with reading(site.engine) as connection:
        assert count(connection, Account, Account.login == "hejingzhou") == 0


def test_whoever_asked_does_not_decide_even_by_a_forged_post(site: Site) -> None:
    administrator = site.session_for("administrator")
    post(administrator, "/people", **NEW, role="auditor", unit=str(site.office.units["centre"]))
    (asked,) = office_events(site, "act:asked")
    assert post(administrator, f"/second/{asked['proposal']}", verdict="agree").status_code == 409
    assert len(auditors(site)) == 1


def test_the_last_auditor_is_closed_by_two_and_once(site: Site) -> None:
    administrator = site.session_for("administrator")
    answer = post(administrator, f"/people/{site.office.accounts['auditor']}/close")
    assert "second_asked" in answer.headers["location"]
    assert auditors(site) == [site.office.accounts["auditor"]]
    auditor = site.session_for("auditor")
    (asked,) = office_events(site, "act:asked")
    assert post(auditor, f"/second/{asked['proposal']}", verdict="agree").status_code in (200, 303)
    assert auditors(site) == []


def test_where_nobody_could_be_the_second_the_last_auditor_stays(site: Site) -> None:
    with transaction(site.engine) as connection:
        connection.execute(Account.__table__.update().values(password_hash=None))  # type: ignore[attr-defined]
    answer = post(site.session_for("administrator"), f"/people/{site.office.accounts['auditor']}/close")
    assert answer.status_code == 422
    assert len(auditors(site)) == 1


def test_somebody_elses_mail_goes_elsewhere_only_by_two_and_old_links_die(mailing: Site) -> None:
    administrator, coordinator = mailing.session_for("administrator"), mailing.office.accounts["coordinator"]
    waiting = mailing.link_token("coordinator")
    post(administrator, f"/people/{coordinator}/email", email="mine@example.test")
    with reading(mailing.engine) as connection:
        assert find_account(connection, coordinator).email == "coordinator@example.test"  # type: ignore[union-attr]
    decide(mailing.session_for("auditor"), "agree")
    with reading(mailing.engine) as connection:
        assert find_account(connection, coordinator).email == "mine@example.test"  # type: ignore[union-attr]
    assert mailing.browser().get(f"/signin/link/{waiting}").status_code == 404
    assert "您的邮箱已变更" in words(mails(mailing)["mine@example.test"])


@pytest.mark.parametrize("email", ["", "a@b%0d%0aBcc:x@y", "\x01a@b", "a@.", "a b@c.test"])
def test_an_address_that_is_none_is_refused_and_kept(email: str, site: Site) -> None:
    answer = post(site.session_for("administrator"), f"/people/{site.office.accounts['clerk']}/email", email=email)
    assert answer.status_code in (400, 422)
    with reading(site.engine) as connection:
        assert find_account(connection, site.office.accounts["clerk"]).email == "clerk@example.test"  # type: ignore[union-attr]


# -- the record of the office -----------------------------------------------------------------------------------------


def test_auditors_read_what_was_done_to_accounts(site: Site) -> None:
    administrator = site.session_for("administrator")
    post(administrator, "/people", **NEW, role="clerk", unit=str(site.office.units["room"]))
    post(administrator, f"/people/{site.office.accounts['mediator']}/close")
    text = page(site.session_for("auditor"), "/office-record").text
    for said in ("新增账号", "何静洲", "停用账号", "账号-mediator", "生成一次性登录链接", "账号-administrator", "登录"):
        assert said in text, said


def test_the_record_is_read_a_page_at_a_time_to_its_beginning(site: Site) -> None:
    for _ in range(60):
        site.session_for("clerk")
    auditor = site.session_for("auditor")
    first = page(auditor, "/office-record")
    older = next(link for link in first.links if "before=" in link)
    assert "建立单位" in page(auditor, older).text
