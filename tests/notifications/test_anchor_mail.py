"""The mail with an anchor: six lines, the signed text attached to the byte, nothing of any matter; to a real mail server."""

from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import Engine

from cases.anchors import anchor_text, make_anchor
from infra.db import reading, transaction
from infra.settings import Settings
from infra.signing import signing_key, written
from notifications.deliver import STORM, deliver
from people.staffing import add_account
from tests.databases import START, SmallOffice, found, step
from tests.servers import SmtpSink
from verify.checking import verify
from workflow.model import Role

SOON = START + timedelta(minutes=5)
WORDS = {"title": "楼上漏水", "statement": "厨房顶漏水。", "applicant": "白某"}
Deliver = Callable[[], list[EmailMessage]]


@pytest.fixture
def made(engine: Engine, tmp_path: Path) -> SmallOffice:
    """An office with as many orders as make a storm of mails, and a second auditor who reads English; one anchor."""
    office = found(engine)
    for _ in range(STORM):
        office.tell("hotline", step("2026-03-02T09:00", "clerk", "Register", **WORDS))
    with transaction(engine) as connection:
        add_account(
            connection, unit=office.units["upstream"], role=Role.AUDITOR, login="auditor_2", name="Second",
            email="auditor_2@example.test", now=START, language="en",
        )  # fmt: skip
    anchored(office, tmp_path)
    return office


def anchored(office: SmallOffice, home: Path, *, at_most: int = 100) -> int | None:
    key = signing_key(home)
    with transaction(office.engine) as connection:
        return make_anchor(connection, office=office.context, key=key, now=SOON, at_most=at_most)


@pytest.fixture
def mails(made: SmallOffice, smtp: SmtpSink, tmp_path: Path) -> Deliver:
    def run() -> list[EmailMessage]:
        settings = Settings(home=tmp_path, smtp_host=smtp.host, smtp_port=smtp.port, smtp_timeout=5.0)
        deliver(made.engine, office=made.context, settings=settings, now=SOON)
        return [one.message for one in smtp.received if one.recipients[0].startswith("auditor")]

    return run


def body(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def attached(mail: EmailMessage) -> tuple[str, bytes]:
    (part,) = mail.iter_attachments()
    raw = part.get_payload(decode=True)
    assert isinstance(raw, bytes)
    return part.get_filename() or "", raw


def test_both_auditors_get_the_anchor_as_it_was_signed_to_the_byte(made: SmallOffice, mails: Deliver) -> None:
    with reading(made.engine) as connection:
        text = anchor_text(connection, 1)
    assert text
    sent = mails()
    assert {mail["To"].addresses[0].addr_spec for mail in sent} == {"auditor@example.test", "auditor_2@example.test"}
    assert {attached(mail) for mail in sent} == {("anchor-1.txt", text.encode())}


def test_its_words_are_six_lines_at_most_in_the_readers_language_and_say_what_to_do(mails: Deliver) -> None:
    by_language = {mail["To"].addresses[0].username: mail for mail in mails()}
    chinese, english = by_language["auditor"], by_language["auditor_2"]
    assert chinese["Subject"] == "【存证】第1号凭证"
    assert english["Subject"] == "【Anchor】Anchor 1"
    for mail in (chinese, english):
        lines = [line for line in body(mail).splitlines() if line.strip()]
        assert len(lines) <= 6
        assert "huiyin verify --anchors" in body(mail)
        assert "/anchors" in body(mail)
    assert "请保存这封邮件和附件" in body(chinese)
    assert "Keep this mail" in body(english)


def test_it_holds_nothing_of_any_matter(made: SmallOffice, mails: Deliver) -> None:
    sent = mails()
    assert len(sent) == 2
    for mail in sent:
        whole = body(mail) + attached(mail)[1].decode()
        assert not any(word in whole for word in WORDS.values())


def test_an_anchor_is_never_folded_into_a_digest(made: SmallOffice, mails: Deliver, tmp_path: Path) -> None:
    for _ in range(STORM):
        made.tell("hotline", step("2026-03-02T09:01", "clerk", "Register", **WORDS))
        anchored(made, tmp_path)
    names = sorted(attached(mail)[0] for mail in mails() if mail["To"].addresses[0].username == "auditor")
    assert names == sorted(f"anchor-{number}.txt" for number in range(1, STORM + 2))


def test_a_saved_mail_can_be_checked_as_it_is(made: SmallOffice, mails: Deliver, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "mail.eml").write_bytes(mails()[0].as_bytes())
    url = made.engine.url.render_as_string(hide_password=False)
    report = verify(url, anchors=[str(kept)], keys=[written(signing_key(tmp_path).public)])
    assert report.ok, report.text()
    assert report.counts["anchors"] == STORM + 1
