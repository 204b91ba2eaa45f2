"""A storm of mails for one person: one digest that names every case once, and no message in two mails."""

import logging
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, text, update

from cases.execute import Opened
from cases.sweep import sweep
from infra.db import reading, transaction
from infra.settings import Settings
from ledger.outbox import messages, post
from ledger.tables import Message
from notifications import deliver as delivery
from notifications.compose import message_id
from notifications.deliver import LEASE, STORM, Delivered, deliver, send_again
from people.staffing import close_account
from people.tables import Account
from tests.databases import START, SmallOffice, found, serving, step
from tests.servers import SmtpSink
from tests.web.reading import page

MESSAGE, ACCOUNT = Message.__table__.c, Account.__table__.c  # type: ignore[attr-defined]
MINUTE = timedelta(minutes=1)
WORDS = {"title": "楼上漏水", "statement": "厨房顶漏水。", "applicant": "白某", "respondents": ["石某"]}
#: An application of Monday 2 March 2026 is decided within three working days: 1=3 2=4 3=Thursday the 5th.
DUE = {"zh_CN": "3月5日 周四", "en": "Thu 5 Mar"}


def applications(office: SmallOffice, many: int, *, at: str = "2026-03-02T09:00") -> list[Opened]:
    """So many applications of petitioners: of each the centre's clerk and its coordinator are told."""
    return [office.tell("mediation", step(at, "petitioner", "Apply", **WORDS)) for _ in range(many)]


def wait_for(office: SmallOffice, *logins: str) -> None:
    """Nobody else's mails wait any more."""
    kept = {office.accounts[login] for login in logins}
    with transaction(office.engine) as connection:
        connection.execute(Message.__table__.delete().where(MESSAGE.recipient.not_in(kept)))  # type: ignore[attr-defined]


def run(office: SmallOffice, folder: Path, sink: SmtpSink | None, at: datetime = START, **more: Any) -> Delivered:
    values: dict[str, Any] = {
        "home": folder,
        "smtp_host": "",
        "smtp_timeout": 5.0,
        "mail_domain": "huiyin.test",
        **more,
    }
    if sink:
        values |= {"smtp_host": sink.host, "smtp_port": sink.port}
    return deliver(office.engine, office=office.context, settings=Settings(**values), now=at)


def rows(engine: Engine) -> list[Any]:
    with reading(engine) as connection:
        return list(connection.execute(select(*MESSAGE).order_by(MESSAGE.id)))


def parts(mail: EmailMessage) -> tuple[str, str]:
    """The text and the HTML of a mail."""
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain
    assert html
    return plain.get_content(), html.get_content()


def named(mail: EmailMessage, opened: list[Opened]) -> list[int]:
    """The cases that a mail names, each as often as its address stands in the text."""
    plain, _ = parts(mail)
    return [one.case_id for one in opened for _ in range(plain.count(f"/cases/{one.public_id}"))]


def ids(sink: SmtpSink) -> list[str]:
    return [str(one.message["Message-ID"]) for one in sink.received]


# -- what is a storm --------------------------------------------------------------------------------------------------


def test_ten_mails_for_one_person_are_one_digest_that_names_every_case_once(
    engine: Engine, smtp: SmtpSink, tmp_path: Path
) -> None:
    office = found(engine)
    opened = applications(office, STORM)
    wait_for(office, "coordinator")
    assert run(office, tmp_path, smtp) == Delivered(sent=STORM)
    (one,) = smtp.received
    assert one.recipients == ("coordinator@example.test",)
    assert "10" in str(one.message["Subject"])
    for said in parts(one.message):
        for number, case in enumerate(opened, 1):
            assert said.count(f"第{number}号") == 1, said
            assert said.count(f"http://127.0.0.1:8000/cases/{case.public_id}") == 1, said
        assert said.count(DUE["zh_CN"]) == STORM
        assert "http://127.0.0.1:8000/work" in said
        for word in ("楼上漏水", "厨房", "白某", "石某"):
            assert word not in said, "nothing of the dispute"
    assert {(row.sent_at, row.attempts, row.next_try_at) for row in rows(engine)} == {(START, 1, None)}
    assert run(office, tmp_path, smtp, START + MINUTE) == Delivered()


def test_nine_mails_for_one_person_stay_nine_mails(office: SmallOffice, smtp: SmtpSink, tmp_path: Path) -> None:
    opened = applications(office, STORM - 1)
    wait_for(office, "coordinator")
    assert run(office, tmp_path, smtp) == Delivered(sent=STORM - 1)
    assert len(set(ids(smtp))) == len(smtp.received) == STORM - 1
    assert sorted(case for one in smtp.received for case in named(one.message, opened)) == [o.case_id for o in opened]


def test_the_storms_of_two_people_are_two_mails_and_who_has_few_gets_them_singly(
    engine: Engine, smtp: SmtpSink, tmp_path: Path
) -> None:
    office = found(engine)
    opened = applications(office, STORM)  # ten each for the clerk and the coordinator
    with transaction(engine) as connection:
        for case in opened[:2]:
            post(connection, messages(case.case_id, 1, recorded_at=START, to=[office.accounts["duty_leader"]]))
    assert run(office, tmp_path, smtp) == Delivered(sent=2 * STORM + 2)
    told = {(one.recipients[0], tuple(sorted(named(one.message, opened)))) for one in smtp.received}
    every, (first, second, *_) = tuple(case.case_id for case in opened), opened
    assert told == {
        ("clerk@example.test", every), ("coordinator@example.test", every),
        ("duty_leader@example.test", (first.case_id,)), ("duty_leader@example.test", (second.case_id,)),
    }  # fmt: skip
    assert len(smtp.received) == 4
    assert sorted(ids(smtp)) == sorted({message_id(row, "huiyin.test") for row in rows(engine)})


def test_what_has_been_tried_singly_stays_single_when_a_storm_comes_up(
    office: SmallOffice, smtp: SmtpSink, tmp_path: Path
) -> None:
    """Its recipient may have it already: under another Message-ID it would be another mail."""
    applications(office, STORM - 1)
    wait_for(office, "coordinator")
    smtp.answer = "451 try later"
    assert run(office, tmp_path, smtp) == Delivered(deferred=STORM - 1)
    tried = {message_id(row, "huiyin.test") for row in rows(office.engine)}
    applications(office, STORM, at="2026-03-02T09:01")
    wait_for(office, "coordinator")
    smtp.answer = "250 OK"
    assert run(office, tmp_path, smtp, START + MINUTE) == Delivered(sent=2 * STORM - 1)
    assert len(smtp.received) == STORM, "nine and a digest"
    assert tried < set(ids(smtp))


def test_a_storm_that_is_not_due_yet_waits(office: SmallOffice, smtp: SmtpSink, tmp_path: Path) -> None:
    applications(office, STORM)
    assert run(office, tmp_path, smtp, START - MINUTE) == Delivered()
    assert [row.bundle for row in rows(office.engine) if row.bundle] == []


# -- the same digest again --------------------------------------------------------------------------------------------


class Died(Exception):
    pass


def _died(*_: Any, **__: Any) -> None:
    raise Died


def test_a_digest_goes_out_again_under_its_message_id_with_its_lines_though_more_has_come(
    engine: Engine, smtp: SmtpSink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process died after sending and before recording: the second copy is the first one to the letter."""
    office = found(engine)
    first = applications(office, STORM)
    wait_for(office, "coordinator")
    with monkeypatch.context() as patch:
        patch.setattr(delivery, "_record", _died)
        with pytest.raises(Died):
            run(office, tmp_path, smtp)
    later = applications(office, 3, at="2026-03-02T09:10")
    wait_for(office, "coordinator")
    assert run(office, tmp_path, smtp, START + LEASE) == Delivered(sent=STORM + 3)
    one, *others = [received.message for received in smtp.received]
    again = [mail for mail in others if mail["Message-ID"] == one["Message-ID"]]
    assert len(again) == 1
    assert (again[0]["Date"], parts(again[0])) == (one["Date"], parts(one))
    assert sorted(named(one, first + later)) == [case.case_id for case in first]
    singles = sorted(case for mail in others if mail not in again for case in named(mail, first + later))
    assert singles == [case.case_id for case in later]


def test_a_digest_that_was_put_off_keeps_its_messages_and_a_new_storm_is_another_one(
    engine: Engine, smtp: SmtpSink, tmp_path: Path
) -> None:
    office = found(engine)
    first = applications(office, STORM)
    wait_for(office, "coordinator")
    smtp.answer = "451 try later"
    assert run(office, tmp_path, smtp) == Delivered(deferred=STORM)
    waiting = {(row.id, row.bundle) for row in rows(engine)}
    assert {row.next_try_at for row in rows(engine)} == {START + MINUTE}
    later = applications(office, STORM, at="2026-03-02T09:01")
    wait_for(office, "coordinator")
    smtp.answer = "250 OK"
    assert run(office, tmp_path, smtp, START + MINUTE) == Delivered(sent=2 * STORM)
    assert waiting < {(row.id, row.bundle) for row in rows(engine)}
    by_id = {str(one.message["Message-ID"]): sorted(named(one.message, first + later)) for one in smtp.received}
    ((_, bundle), *_) = waiting
    assert by_id.pop(f"<{bundle}@huiyin.test>") == [case.case_id for case in first]
    assert list(by_id.values()) == [[case.case_id for case in later]]


def test_a_dead_digest_is_taken_up_again_message_by_message(
    office: SmallOffice, smtp: SmtpSink, tmp_path: Path
) -> None:
    opened = applications(office, STORM)
    wait_for(office, "coordinator")
    smtp.answer = "550 no such mailbox"
    assert run(office, tmp_path, smtp) == Delivered(dead=STORM)
    with transaction(office.engine) as connection:
        send_again(connection, rows(office.engine)[0].id, now=START + MINUTE)
    smtp.answer = "250 OK"
    assert run(office, tmp_path, smtp, START + MINUTE) == Delivered(sent=1)
    (one,) = smtp.received
    assert named(one.message, opened) == [opened[0].case_id]
    (name,) = ids(smtp)
    assert name == message_id(rows(office.engine)[0], "huiyin.test")
    assert not name.startswith("<digest."), "a mail of its own"


# -- what goes wrong --------------------------------------------------------------------------------------------------


def test_a_closed_account_gets_no_digest_and_holds_up_nobody_elses(
    office: SmallOffice, smtp: SmtpSink, tmp_path: Path
) -> None:
    applications(office, STORM)
    with transaction(office.engine) as connection:
        close_account(connection, office.accounts["coordinator"], now=START)
    assert run(office, tmp_path, smtp) == Delivered(sent=STORM)
    assert [one.recipients for one in smtp.received] == [("clerk@example.test",)], "who has had each of them already"
    errors = {row.last_error for row in rows(office.engine) if row.recipient == office.accounts["coordinator"]}
    assert errors == {"passed on"}


def test_one_line_that_cannot_be_written_does_not_hold_up_the_others(
    engine: Engine, smtp: SmtpSink, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    office = found(engine)
    opened = applications(office, STORM)
    wait_for(office, "coordinator")
    with transaction(engine) as connection:
        connection.execute(text("UPDATE clock SET rungs = 'broken' WHERE case_id = :id"), {"id": opened[4].case_id})
    with caplog.at_level(logging.ERROR):
        assert run(office, tmp_path, smtp) == Delivered(sent=STORM - 1, dead=1)
    (one,) = smtp.received
    assert sorted(named(one.message, opened)) == [case.case_id for n, case in enumerate(opened) if n != 4]
    (dead,) = [row for row in rows(engine) if row.dead_at]
    assert (dead.stream, dead.last_error) == (opened[4].case_id, "not composed")
    assert [record.__dict__["mail"] for record in caplog.records if "cannot be composed" in record.getMessage()] == [
        dead.id
    ]


def test_a_digest_is_no_longer_than_its_lines_and_everything_goes_out_once(
    office: SmallOffice, smtp: SmtpSink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "LINES", STORM + 2)
    opened = applications(office, 2 * STORM + 5)
    wait_for(office, "coordinator")
    assert run(office, tmp_path, smtp) == Delivered(sent=len(opened))
    told = [named(one.message, opened) for one in smtp.received]
    assert max(map(len, told)) == STORM + 2
    assert sorted(case for cases in told for case in cases) == [case.case_id for case in opened]


def test_what_a_digest_has_no_room_for_is_a_storm_of_its_own(
    office: SmallOffice, smtp: SmtpSink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "LINES", STORM + 2)
    applications(office, 2 * STORM + 5)
    wait_for(office, "coordinator")
    run(office, tmp_path, smtp)
    assert len(smtp.received) == 3, "twelve, twelve and one"


def test_the_subject_counts_matters_and_a_matter_with_two_messages_is_one(
    office: SmallOffice, smtp: SmtpSink, tmp_path: Path
) -> None:
    """Five applications that nobody takes up: of each the coordinator is told when it comes in and at its yellow."""
    opened = applications(office, STORM // 2)
    yellow = START + timedelta(days=3)
    sweep(office.engine, now=yellow)
    wait_for(office, "coordinator")
    assert run(office, tmp_path, smtp, yellow) == Delivered(sent=STORM)
    (one,) = smtp.received
    assert str(one.message["Subject"]) == "【汇总】有 5 件事项需要您留意"
    assert sorted(named(one.message, opened)) == sorted(2 * [case.case_id for case in opened]), "a line a message"


# -- for people -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "subject", "what", "do"),
    [
        ("zh_CN", "【汇总】有 10 件事项需要您留意", "：有新的调解申请", "请登录处理，急的在前："),
        ("en", "【Digest】10 matters need your attention", ": a new application for mediation", "Please sign in"),
    ],
)
def test_a_digest_is_written_in_its_recipients_language(
    language: str, subject: str, what: str, do: str, office: SmallOffice, smtp: SmtpSink, tmp_path: Path
) -> None:
    applications(office, STORM)
    wait_for(office, "coordinator")
    with transaction(office.engine) as connection:
        connection.execute(update(Account).where(ACCOUNT.login == "coordinator").values(language=language))
    run(office, tmp_path, smtp)
    (one,) = smtp.received
    assert str(one.message["Subject"]) == subject
    for said in parts(one.message):
        assert (said.count(DUE[language]), said.count(what)) == (STORM, STORM)
        assert do in said


def test_a_digest_written_to_a_file_is_on_the_mails_page_and_opens_there(office: SmallOffice, tmp_path: Path) -> None:
    opened = applications(office, STORM)
    wait_for(office, "coordinator")
    assert run(office, tmp_path, None) == Delivered(sent=STORM)
    (bundle,) = {row.bundle for row in rows(office.engine)}
    assert [path.name for path in (tmp_path / "mail").iterdir()] == [f"{bundle}.eml"]
    with serving(office, tmp_path) as site:
        administrator = site.session_for("administrator")
        listed = page(administrator, "/mails?kind=sent")
        links = sorted({link for link in listed.links if link.startswith("/mails/")})
        assert len(links) == STORM, "each of its messages leads to it"
        assert listed.text.count(f"<{bundle}@") == STORM
        for link in (links[0], links[-1]):
            shown = page(administrator, link)
            assert "【汇总】有 10 件事项需要您留意" in shown.text
            for case in opened:
                assert f"/cases/{case.public_id}" in shown.text
