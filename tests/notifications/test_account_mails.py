"""Mails about accounts: whoever gets one reads words, as the owner of the account and as somebody who watches over it."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from infra.db import transaction
from infra.settings import Settings
from ledger.tables import Message
from notifications.compose import OF_ACCOUNTS, OF_UNITS
from notifications.deliver import deliver
from people.deputies import name_deputy
from people.noting import note
from people.posts import places
from people.staffing import add_account
from people.tables import Account
from tests.databases import START, SmallOffice
from tests.servers import SmtpSink
from workflow.model import TIMERS, AccountId, Role

SOON = START + timedelta(minutes=5)
#: A code that no catalogue has comes out as it stands.
RAW = re.compile(r"mail\.\w+\.\w+")


@pytest.mark.parametrize("language", ["zh_CN", "en"])
@pytest.mark.parametrize("whose", ["auditor", "mediator"])
@pytest.mark.parametrize("code", sorted(OF_ACCOUNTS))
def test_an_auditor_reads_words_also_if_the_account_is_their_own(
    office: SmallOffice, smtp: SmtpSink, tmp_path: Path, code: str, whose: str, language: str
) -> None:
    auditor, account = office.accounts["auditor"], office.accounts[whose]
    data = {"account": account, "way": "by_hand", "nonce": None}
    with transaction(office.engine) as connection:
        connection.execute(update(Account).values(language=language))
        connection.execute(update(Message).values(next_try_at=None, sent_at=START))
        note(connection, code, actor=TIMERS, now=START, data=data, told=[AccountId(auditor)])
    settings = Settings(home=tmp_path, smtp_host=smtp.host, smtp_port=smtp.port, smtp_timeout=5.0)
    deliver(office.engine, office=office.context, settings=settings, now=SOON)
    (mail,) = [one.message for one in smtp.received]
    said = str(mail["Subject"]) + "".join(
        str(part.get_content()) for part in mail.walk() if part.get_content_maintype() == "text"
    )
    assert RAW.findall(said) == []


def test_a_new_auditor_hears_of_the_new_account_in_words(office: SmallOffice, smtp: SmtpSink, tmp_path: Path) -> None:
    with transaction(office.engine) as connection:
        connection.execute(update(Message).values(next_try_at=None, sent_at=START))
        add_account(
            connection, unit=office.units["upstream"], role=Role.AUDITOR, login="second", name="第二审核员",
            email="second@example.test", now=START, actor=office.actors["administrator"],
        )  # fmt: skip
    settings = Settings(home=tmp_path, smtp_host=smtp.host, smtp_port=smtp.port, smtp_timeout=5.0)
    deliver(office.engine, office=office.context, settings=settings, now=SOON)
    told = {one.recipients[0]: str(one.message["Subject"]) for one in smtp.received}
    assert "second@example.test" in told
    assert not RAW.search("".join(told.values()))


def test_both_hear_who_stands_in_and_where_to_see_it_and_an_auditor_where_it_is_recorded(
    office: SmallOffice, smtp: SmtpSink, tmp_path: Path
) -> None:
    with transaction(office.engine) as connection:
        connection.execute(update(Message).values(next_try_at=None, sent_at=START))
        place = next(one for one in places(connection) if one.account == office.accounts["mediator"])
        name_deputy(
            connection, place, office.accounts["mediator_2"], first=START.date(), last=START.date(),
            calendar=office.context.policy.calendar, actor=office.actors["coordinator"], now=START,
        )  # fmt: skip
    settings = Settings(home=tmp_path, smtp_host=smtp.host, smtp_port=smtp.port, smtp_timeout=5.0)
    deliver(office.engine, office=office.context, settings=settings, now=SOON)
    said = {
        one.recipients[0].partition("@")[0]: one.message.get_body(("plain",)).get_content() for one in smtp.received
    }
    assert set(said) == {"mediator", "mediator_2", "auditor"}
    assert all("账号-mediator_2：被指定为代理人" in text for text in said.values())
    assert {who: re.findall(r"http://\S+?/(\S+)", text) for who, text in said.items()} == {
        "mediator": ["account"], "mediator_2": ["account"], "auditor": ["office-record"],
    }  # fmt: skip


@pytest.mark.parametrize("code", sorted(OF_UNITS))
def test_an_auditor_hears_in_words_what_was_done_to_a_unit(
    office: SmallOffice, smtp: SmtpSink, tmp_path: Path, code: str
) -> None:
    with transaction(office.engine) as connection:
        connection.execute(update(Message).values(next_try_at=None, sent_at=START))
        told = [office.accounts["auditor"]]
        note(connection, code, actor=TIMERS, now=START, data={"unit": office.units["room"]}, told=told)
    settings = Settings(home=tmp_path, smtp_host=smtp.host, smtp_port=smtp.port, smtp_timeout=5.0)
    deliver(office.engine, office=office.context, settings=settings, now=SOON)
    (mail,) = [one.message for one in smtp.received]
    assert "人民调解室" in str(mail["Subject"])
    text = mail.get_body(("plain",)).get_content()
    assert not RAW.search(text)
    assert "/office-record" in text
