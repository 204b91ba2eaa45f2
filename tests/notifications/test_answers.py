"""What a mail server may say, stage by stage, and which of it ends a mail: only what speaks of this mail or recipient."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from infra.addresses import AddressIsWrong
from infra.db import transaction
from infra.settings import Settings
from notifications.deliver import Delivered, deliver
from people.tables import Account
from tests.databases import START, SmallOffice
from tests.notifications.scripted_server import Script, scripted_server
from tests.notifications.test_deliver import ACCOUNT, _keep_only, one_mail, only, rows, settings
from tests.servers import SmtpSink

DEAD, DEFERRED = Delivered(dead=1), Delivered(deferred=1)


@pytest.fixture
def server() -> Iterator[Script]:
    with scripted_server() as script:
        yield script


@pytest.fixture
def sent(server: Script, office: SmallOffice, tmp_path: Path) -> "Sent":
    one_mail(office)
    _keep_only(office.engine, office, "coordinator")
    return Sent(office, tmp_path, server)


class Sent:
    """One mail waits for the coordinator; told to a server with a given answer, what became of it."""

    def __init__(self, office: SmallOffice, home: Path, server: Script) -> None:
        self.office, self.server = office, server
        self.settings = Settings(home=home, smtp_host="127.0.0.1", smtp_port=server.port, smtp_timeout=5.0)

    def __call__(self, **answers: str) -> Delivered:
        self.server.answers = answers
        return deliver(self.office.engine, office=self.office.context, settings=self.settings, now=START)

    @property
    def error(self) -> str | None:
        found: str | None = only(self.office.engine, self.office, "coordinator").last_error
        return found


@pytest.mark.parametrize(
    ("stage", "answer"),
    [
        ("greeting", "554 5.7.1 too many connections from your address"),
        ("greeting", "550 go away"),
        ("greeting", "421 4.3.2 later"),
        ("EHLO", "550 5.7.1 we do not know you"),
        ("MAIL", "550 5.7.1 sender rejected"),
        ("MAIL", "553 5.1.8 domain of sender does not exist"),
        ("MAIL", "550 5.1.0 sender rejected"),
        ("MAIL", "550 5.1.1 no such sender"),
        ("MAIL", "530 5.7.0 authentication required"),
        ("MAIL", "552 5.2.2 over quota"),
        ("MAIL", "550 no"),
        ("MAIL", "451 4.7.1 greylisted"),
        ("RCPT", "552 5.2.2 mailbox full"),
        ("RCPT", "552 mailbox full"),
        ("RCPT", "550 5.2.2 mailbox full"),
        ("RCPT", "554 5.7.1 relay access denied"),
        ("RCPT", "550 5.7.1 blocked"),
        ("RCPT", "554 no"),
        ("RCPT", "550 5.1.8 sender address rejected: domain not found"),
        ("RCPT", "550 5.1.7 sender"),
        ("RCPT", "452 4.5.3 too many recipients"),
        ("RCPT", "550 4.1.1 says both"),
        ("RCPT", "450 5.1.1 says both"),
        ("RCPT", "503 5.5.1 bad sequence"),
        ("RCPT", "550-5.7.26 first line\r\n550 5.7.26 second line"),
        ("DATA", "554 5.5.1 no valid recipients"),
        ("DATA", "550 not now"),
        ("DATA", "451 later"),
        ("content", "552 5.2.2 quota exceeded"),
        ("content", "552 5.3.1 system full"),
        ("content", "552 quota exceeded"),
        ("content", "554 5.7.1 rejected by policy"),
        ("content", "554 transaction failed"),
        ("content", "550 5.7.1 SPF"),
        ("content", "451 4.3.0 later"),
        ("content", "421 4.3.2 shutting down"),
    ],
)
def test_an_answer_that_speaks_of_neither_this_mail_nor_its_recipient_leaves_it_waiting(
    stage: str, answer: str, sent: Sent
) -> None:
    assert sent(**{stage: answer}) == DEFERRED, sent.error
    row = only(sent.office.engine, sent.office, "coordinator")
    assert row.dead_at is None
    assert (row.next_try_at - START) // timedelta(minutes=1) == 1, "a minute after the first failure"


@pytest.mark.parametrize(
    ("stage", "answer", "reason"),
    [
        ("RCPT", "550 5.1.1 user unknown", "recipient refused 550 5.1.1"),
        ("RCPT", "550-5.1.1 The account\r\n550 5.1.1 does not exist", "recipient refused 550 5.1.1"),
        ("RCPT", "554 5.1.1 user unknown", "recipient refused 554 5.1.1"),
        ("RCPT", "550 5.1.2 no such host", "recipient refused 550 5.1.2"),
        ("RCPT", "501 5.1.3 bad address", "recipient refused 501 5.1.3"),
        ("RCPT", "551 5.1.6 moved away", "recipient refused 551 5.1.6"),
        ("RCPT", "556 5.1.10 this domain takes no mail", "recipient refused 556 5.1.10"),
        ("RCPT", "550 5.2.1 mailbox disabled", "recipient refused 550 5.2.1"),
        ("RCPT", "550 no such mailbox", "recipient refused 550"),
        ("RCPT", "550 5.0.0 no such mailbox", "recipient refused 550 5.0.0"),
        ("RCPT", "551 not here", "recipient refused 551"),
        ("RCPT", "553 no such name", "recipient refused 553"),
        ("MAIL", "552 5.3.4 message too big", "sender refused 552 5.3.4"),
        ("content", "552 5.3.4 message too big", "content refused 552 5.3.4"),
        ("content", "552 5.2.3 longer than this mailbox takes", "content refused 552 5.2.3"),
        ("content", "554 5.6.0 content rejected", "content refused 554 5.6.0"),
        ("content", "550 5.1.1 user unknown", "content refused 550 5.1.1"),
        ("content", "550 we do not want it", "content refused 550"),
    ],
)
def test_an_answer_about_this_mail_or_its_recipient_ends_it_at_once(
    stage: str, answer: str, reason: str, sent: Sent
) -> None:
    assert sent(**{stage: answer}) == DEAD
    assert sent.error == reason


def test_what_ends_one_mail_ends_no_other(sent: Sent) -> None:
    """The greeting is refused to a whole round; all of it waits."""
    one_mail(sent.office)
    waiting = len(rows(sent.office.engine))
    assert waiting > 1
    assert sent(greeting="554 5.7.1 too many connections") == Delivered(deferred=waiting)


def test_the_offices_own_wrong_address_touches_no_mail(sent: Sent) -> None:
    sent.settings = sent.settings.model_copy(update={"mail_from": "回音@example.test"})
    with pytest.raises(AddressIsWrong):
        sent()
    row = only(sent.office.engine, sent.office, "coordinator")
    assert (row.attempts, row.dead_at) == (0, None)


def test_domains_of_every_script_go_out_as_a_labels(office: SmallOffice, smtp: SmtpSink, tmp_path: Path) -> None:
    """例子.中国 is xn--fsqu00a.xn--fiqs8s (RFC 3492)."""
    one_mail(office)
    _keep_only(office.engine, office, "coordinator")
    with transaction(office.engine) as connection:
        change = update(Account).where(ACCOUNT.login == "coordinator").values(email="zhang@例子.中国")
        connection.execute(change)
    made = settings(tmp_path, smtp, mail_from="huiyin@例子.中国", mail_domain="例子.中国")
    assert deliver(office.engine, office=office.context, settings=made, now=START) == Delivered(sent=1)
    (one,) = smtp.received
    assert (one.sender, one.recipients) == ("huiyin@xn--fsqu00a.xn--fiqs8s", ("zhang@xn--fsqu00a.xn--fiqs8s",))
    assert one.message["To"].addresses[0].addr_spec == "zhang@xn--fsqu00a.xn--fiqs8s"
    assert one.message["From"].addresses[0].addr_spec == one.sender
    assert one.message["Message-ID"].endswith("@xn--fsqu00a.xn--fiqs8s>")
