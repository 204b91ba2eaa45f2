"""Delivery against a real mail server: at least once, one Message-ID a message, and no failure that is silent."""

import email
import email.policy
import gc
import warnings
from collections.abc import Callable
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, insert, select, text, update

from infra.db import reading, transaction
from infra.settings import Settings
from ledger.tables import Message
from notifications import deliver as delivery
from notifications.deliver import LEASE, Delivered, deliver, send_again
from notifications.forwarding import NOT_COMPOSED, RECUSED
from notifications.transport import NotDelivered, SmtpTransport
from people.staffing import add_account, close_account
from people.tables import Account
from tests.databases import START, SmallOffice, found, step
from tests.servers import SmtpSink, free_port
from tests.web.reading import read
from workflow.model import Role

MESSAGE, ACCOUNT = Message.__table__.c, Account.__table__.c  # type: ignore[attr-defined]
MINUTE = timedelta(minutes=1)
WORDS = {"title": "楼上漏水", "statement": "厨房顶漏水。", "applicant": "白某", "respondents": ["石某"]}


def one_mail(office: SmallOffice) -> None:
    """An application that a petitioner files at START: the centre's clerk and its coordinator are told."""
    office.tell("mediation", step("2026-03-02T09:00", "petitioner", "Apply", **WORDS))


def settings(folder: Path, sink: SmtpSink | None, **more: Any) -> Settings:
    values: dict[str, Any] = {"home": folder, "smtp_host": "", "smtp_timeout": 5.0, **more}
    if sink:
        values |= {"smtp_host": sink.host, "smtp_port": sink.port}
    return Settings(**values)


def rows(engine: Engine) -> list[Any]:
    with reading(engine) as connection:
        return list(connection.execute(select(*MESSAGE).order_by(MESSAGE.id)))


def only(engine: Engine, office: SmallOffice, login: str) -> Any:
    return next(row for row in rows(engine) if row.recipient == office.accounts[login])


Run = Callable[..., Delivered]


@pytest.fixture
def post(engine: Engine, smtp: SmtpSink, tmp_path: Path) -> tuple[SmallOffice, SmtpSink, Run]:
    """On each database an office with one application: one message waits, for the coordinator; and a way to deliver."""
    office = found(engine)
    one_mail(office)
    _keep_only(engine, office, "coordinator")
    made = settings(tmp_path, smtp)

    def run(at: datetime = START, **more: Any) -> Delivered:
        return deliver(engine, office=office.context, settings=made.model_copy(update=more), now=at)

    return office, smtp, run


def _keep_only(engine: Engine, office: SmallOffice, login: str) -> None:
    with transaction(engine) as connection:
        connection.execute(
            Message.__table__.delete().where(MESSAGE.recipient != office.accounts[login])  # type: ignore[attr-defined]
        )


Post = tuple[SmallOffice, SmtpSink, Run]


# -- once -------------------------------------------------------------------------------------------------------------


def test_a_message_is_delivered_once_however_often_delivery_runs(post: Post) -> None:
    office, smtp, run = post
    assert [run(START + n * MINUTE) for n in range(3)] == [Delivered(sent=1), Delivered(), Delivered()]
    assert [one.recipients for one in smtp.received] == [("coordinator@example.test",)]
    row = only(office.engine, office, "coordinator")
    assert (row.sent_at, row.attempts, row.next_try_at, row.lease) == (START, 1, None, None)


def test_a_message_is_not_sent_before_its_time(post: Post) -> None:
    _, smtp, run = post
    assert run(START - MINUTE) == Delivered()
    assert smtp.received == []


def test_the_envelope_and_the_head_say_who_writes_to_whom(post: Post) -> None:
    _, smtp, run = post
    run(mail_from="office@huiyin.test", mail_domain="huiyin.test")
    (one,) = smtp.received
    assert (one.sender, one.recipients) == ("office@huiyin.test", ("coordinator@example.test",))
    head = one.message
    assert str(head["From"].addresses[0]) == "滨江园区党群服务中心 <office@huiyin.test>"
    assert str(head["To"].addresses[0]) == "账号-coordinator <coordinator@example.test>"
    assert head["Message-ID"].endswith("@huiyin.test>")
    assert head["Auto-Submitted"] == "auto-generated"
    assert head["X-Auto-Response-Suppress"] == "All"
    assert head["Date"].datetime == START


def test_more_messages_than_a_batch_are_all_delivered_in_one_run(
    office: SmallOffice, smtp: SmtpSink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "BATCH", 2)
    for _ in range(5):
        one_mail(office)
    waiting = len(rows(office.engine))
    assert waiting >= 5
    done = deliver(office.engine, office=office.context, settings=settings(tmp_path, smtp), now=START)
    assert done == Delivered(sent=waiting)
    assert len({one.message["Message-ID"] for one in smtp.received}) == waiting == len(smtp.received)


# -- whom it is not for any more --------------------------------------------------------------------------------------


def test_a_mail_that_waits_for_somebody_who_is_recused_meanwhile_is_not_sent(
    engine: Engine, smtp: SmtpSink, tmp_path: Path
) -> None:
    office = found(engine)
    office.tell(
        "mediation",
        step("2026-03-02T09:00", "petitioner", "Apply", **WORDS),
        step("2026-03-02T09:00", "coordinator", "Recuse", person="coordinator", ground="relative"),
    )
    waiting = len(rows(engine))
    done = deliver(engine, office=office.context, settings=settings(tmp_path, smtp), now=START)
    assert (done.sent, done.dead) == (waiting - 1, 1)
    assert "coordinator@example.test" not in [to for one in smtp.received for to in one.recipients]
    row = only(engine, office, "coordinator")
    assert (row.last_error, row.next_try_at, row.sent_at) == (RECUSED, None, None)


# -- trouble that passes ----------------------------------------------------------------------------------------------


@pytest.mark.postgres
def test_a_mail_about_which_the_database_cannot_be_asked_just_now_waits_and_is_not_given_up(
    postgresql: Engine, smtp: SmtpSink, tmp_path: Path
) -> None:
    """Somebody holds a table that the mail's words come from for longer than anybody waits for it."""
    office, made = found(postgresql), settings(tmp_path, smtp)
    one_mail(office)
    waiting = len(rows(postgresql))
    with transaction(postgresql) as other:
        other.execute(text("LOCK TABLE party IN ACCESS EXCLUSIVE MODE"))
        held = deliver(postgresql, office=office.context, settings=made, now=START)
    assert held == Delivered(deferred=waiting)
    assert smtp.received == []
    assert {row.last_error for row in rows(postgresql)} == {NOT_COMPOSED}
    again = deliver(postgresql, office=office.context, settings=made, now=START + 5 * MINUTE)
    assert again == Delivered(sent=waiting)


def test_a_mail_that_is_put_off_is_tried_again_after_1_2_4_8_15_30_and_60_minutes_and_then_hourly(post: Post) -> None:
    office, smtp, run = post
    smtp.answer = "451 try later"
    at, waits = START, []
    for _ in range(9):
        assert run(at) == Delivered(deferred=1)
        due = only(office.engine, office, "coordinator").next_try_at
        assert run(due - timedelta(seconds=1)) == Delivered(), "not a second too early"
        waits.append((due - at) // MINUTE)
        at = due
    assert waits == [1, 2, 4, 8, 15, 30, 60, 60, 60]
    smtp.answer = "250 OK"
    assert run(at) == Delivered(sent=1)
    assert only(office.engine, office, "coordinator").last_error is None
    assert len(smtp.received) == 1


def test_a_server_that_is_down_loses_nothing(post: Post) -> None:
    office, smtp, run = post
    assert run(smtp_port=free_port()) == Delivered(deferred=1)
    row = only(office.engine, office, "coordinator")
    assert (row.attempts, row.dead_at, row.last_error) == (1, None, "ConnectionRefusedError")
    assert run(START + MINUTE) == Delivered(sent=1)
    assert len(smtp.received) == 1


def test_a_server_that_drops_the_line_is_called_again_for_the_next_mail(
    office: SmallOffice, smtp: SmtpSink, tmp_path: Path
) -> None:
    """421 ends the session: what follows in the same round goes over a new one."""
    one_mail(office)
    waiting = len(rows(office.engine))
    smtp.answer = "421 shutting down"
    made = settings(tmp_path, smtp)
    assert deliver(office.engine, office=office.context, settings=made, now=START).deferred == waiting
    smtp.answer = "250 OK"
    assert deliver(office.engine, office=office.context, settings=made, now=START + MINUTE).sent == waiting


def test_a_refused_log_in_is_the_offices_own_mistake_and_kills_no_mail(post: Post) -> None:
    office, _, run = post
    assert run(smtp_user="someone", smtp_password=SecretStr("wrong")) == Delivered(deferred=1)
    assert only(office.engine, office, "coordinator").dead_at is None


def test_a_refused_log_in_leaves_no_line_open(smtp: SmtpSink, tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    transport = SmtpTransport(settings(tmp_path, smtp, smtp_user="someone", smtp_password="wrong"))
    warnings.simplefilter("always", ResourceWarning)
    with pytest.raises(NotDelivered):
        transport.send(EmailMessage(), to="coordinator@example.test")
    transport.close()
    gc.collect()
    assert [str(said.message) for said in recwarn if said.category is ResourceWarning] == []


# -- trouble that stays -----------------------------------------------------------------------------------------------


def test_a_mail_that_is_refused_for_good_is_a_dead_letter_at_once(post: Post) -> None:
    office, smtp, run = post
    smtp.answer = "550 no such mailbox"
    assert run() == Delivered(dead=1)
    row = only(office.engine, office, "coordinator")
    assert (row.dead_at, row.next_try_at, row.attempts) == (START, None, 1)
    assert row.last_error == "content refused 550"
    smtp.answer = "250 OK"
    assert run(START + timedelta(days=1)) == Delivered()
    assert smtp.received == []


@pytest.mark.parametrize(("code", "done"), [(550, Delivered(dead=1)), (450, Delivered(deferred=1))])
def test_a_recipient_that_is_refused_is_told_from_one_that_is_put_off(
    code: int, done: Delivered, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    office, smtp, run = post

    async def refuse(*_: Any) -> str:
        return f"{code} not here"

    monkeypatch.setattr(type(smtp), "handle_RCPT", refuse, raising=False)
    assert run() == done
    assert only(office.engine, office, "coordinator").last_error == f"recipient refused {code}"


@pytest.mark.parametrize(
    ("after", "done"),
    [(timedelta(hours=72), Delivered(deferred=1)), (timedelta(hours=72, seconds=1), Delivered(dead=1))],
)
def test_after_three_days_of_failures_a_message_is_a_dead_letter(after: timedelta, done: Delivered, post: Post) -> None:
    _, smtp, run = post
    smtp.answer = "451 try later"
    for minutes in (0, 1, 3, 7, 15, 30, 60):  # 0, +1, +2, +4, +8, +15, +30: seven tries, after each its pause
        assert run(START + timedelta(minutes=minutes)) == Delivered(deferred=1)
    assert run(START + after) == done


def test_a_program_that_stood_still_for_three_days_tries_before_it_gives_up(post: Post) -> None:
    _, smtp, run = post
    smtp.answer = "451 try later"
    assert run(START + timedelta(hours=80)) == Delivered(deferred=1)
    smtp.answer = "250 OK"
    assert run(START + timedelta(hours=81)) == Delivered(sent=1)


def test_one_bad_mailbox_holds_up_nobody_else(
    office: SmallOffice, smtp: SmtpSink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_mail(office)
    assert [row.recipient for row in rows(office.engine)] == [
        office.accounts["clerk"], office.accounts["coordinator"],
    ], "the bad one is the first"  # fmt: skip

    async def refuse_the_clerk(_: Any, __: Any, ___: Any, envelope: Any, address: str, ____: Any) -> str:
        if address.startswith("clerk@"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    monkeypatch.setattr(type(smtp), "handle_RCPT", refuse_the_clerk, raising=False)
    done = deliver(office.engine, office=office.context, settings=settings(tmp_path, smtp), now=START)
    assert done.sent == 1
    assert [one.recipients for one in smtp.received] == [("coordinator@example.test",)]
    assert only(office.engine, office, "clerk").last_error


def test_a_dead_letter_is_taken_up_again_at_a_persons_word(post: Post) -> None:
    office, smtp, run = post
    smtp.answer = "550 no such mailbox"
    run()
    later = START + timedelta(days=10)
    with transaction(office.engine) as connection:
        send_again(connection, only(office.engine, office, "coordinator").id, now=later)
    smtp.answer = "250 OK"
    assert run(later) == Delivered(sent=1)
    row = only(office.engine, office, "coordinator")
    assert (row.dead_at, row.sent_at, row.attempts) == (None, later, 1)


@pytest.mark.parametrize("sent", [True, False])
def test_only_a_dead_letter_can_be_taken_up_again(sent: bool, post: Post) -> None:
    """Neither one that went out nor one that still waits: nobody gets the same mail twice by a click."""
    office, _, run = post
    if sent:
        run()
    before = rows(office.engine)
    with transaction(office.engine) as connection:
        send_again(connection, before[0].id, now=START + timedelta(days=1))
    assert rows(office.engine) == before


# -- leases -----------------------------------------------------------------------------------------------------------


def _claimed(office: SmallOffice, lease: str, at: datetime) -> list[Any]:
    with transaction(office.engine) as connection:
        return list(delivery._claim(connection, lease, now=at))


def test_what_one_has_claimed_no_other_takes_until_the_lease_runs_out(post: Post) -> None:
    office, smtp, run = post
    assert len(_claimed(office, "first", START)) == 1
    assert run(START + LEASE - timedelta(seconds=1)) == Delivered()
    assert run(START + LEASE) == Delivered(sent=1)
    assert len(smtp.received) == 1


def test_a_round_that_began_before_a_digest_was_gathered_takes_no_half_of_it(office: SmallOffice) -> None:
    """Another program gathers what came in since: its letters have one Message-ID, and a mail server throws a second away."""
    later = START + MINUTE
    line = {"recorded_at": START, "stream": 0, "attempts": 0, "recipient": office.accounts["mediator"]}
    lines = [{**line, "seq": n, "bundle": "digest.1", "next_try_at": START if n < 5 else later} for n in range(1, 12)]
    with transaction(office.engine) as connection:
        connection.execute(insert(Message), lines)
    assert _claimed(office, "began earlier", START) == []
    assert len(_claimed(office, "began later", later)) == 11


def test_after_a_lost_lease_the_same_mail_goes_out_under_the_same_message_id(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process died after sending and before recording: twice is allowed, two Message-IDs are not."""
    office, smtp, run = post

    class Died(Exception):
        pass

    def died(*_: Any, **__: Any) -> None:
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(delivery, "_record", died)
        with pytest.raises(Died):
            run()
    assert run(START + LEASE) == Delivered(sent=1)
    ids = [one.message["Message-ID"] for one in smtp.received]
    assert (len(ids), len(set(ids))) == (2, 1)
    assert only(office.engine, office, "coordinator").attempts == 2


def test_a_slow_sender_whose_lease_has_run_out_records_nothing(post: Post) -> None:
    """The other one has sent it meanwhile: what the slow one thinks of it no longer counts."""
    office, _, run = post
    slow = _claimed(office, "slow", START)
    assert run(START + LEASE) == Delivered(sent=1)
    before = rows(office.engine)
    failure = delivery._Result(message=slow[0].id, error=NotDelivered("TimeoutError", permanent=True))
    with transaction(office.engine) as connection:
        delivery._record(connection, slow, [failure], "slow", now=START + LEASE + MINUTE)
    assert rows(office.engine) == before


def test_two_who_claim_at_the_same_time_get_different_messages_on_postgresql(postgresql: Engine) -> None:
    office = found(postgresql)
    for _ in range(3):
        one_mail(office)
    with postgresql.begin() as first, postgresql.begin() as second:
        second.exec_driver_sql("SET LOCAL lock_timeout = '2s'")  # one who waits for the other fails, and hangs nothing
        mine = delivery._claim(first, "first", now=START)
        theirs = delivery._claim(second, "second", now=START)
    assert len(mine) == len(rows(postgresql))
    assert list(theirs) == []


# -- to whom ----------------------------------------------------------------------------------------------------------


def test_a_closed_account_gets_no_mail_and_whoever_answers_now_does(post: Post) -> None:
    office, smtp, run = post
    with transaction(office.engine) as connection:
        close_account(connection, office.accounts["coordinator"], now=START)
    assert run() == Delivered(sent=1)
    assert [one.recipients for one in smtp.received] == [("clerk@example.test",)]
    assert only(office.engine, office, "coordinator").next_try_at is None


INJECTIONS = [
    "账号\r\nBcc: all@example.test",
    "账号\nBcc: all@example.test",
    "账号\r\n\r\n<b>",
    "账号\x00",
    "账号\u2028Bcc: x",
]


@pytest.mark.parametrize("name", ["账号\r\nBcc: all@example.test", "账号\nBcc: all@example.test"])
def test_a_name_with_a_line_break_holds_up_nobody_elses_mail(
    name: str, office: SmallOffice, smtp: SmtpSink, tmp_path: Path
) -> None:
    one_mail(office)
    with transaction(office.engine) as connection:
        connection.execute(update(Account).where(ACCOUNT.login == "clerk").values(name=name))
    done = deliver(office.engine, office=office.context, settings=settings(tmp_path, smtp), now=START)
    assert done.sent >= 1
    assert ("coordinator@example.test",) in [one.recipients for one in smtp.received]


def test_a_mail_that_cannot_be_written_is_a_dead_letter_and_the_others_go_out(
    office: SmallOffice, smtp: SmtpSink, tmp_path: Path
) -> None:
    one_mail(office)
    with transaction(office.engine) as connection:
        broken = update(Account).where(ACCOUNT.login == "clerk").values(email="clerk\n@example.test")
        connection.execute(broken)
    done = deliver(office.engine, office=office.context, settings=settings(tmp_path, smtp), now=START)
    assert done == Delivered(sent=1, dead=1)
    assert only(office.engine, office, "clerk").last_error == "not composed"
    assert [one.recipients for one in smtp.received] == [("coordinator@example.test",)]


@pytest.mark.parametrize("name", INJECTIONS)
def test_a_name_never_adds_a_head_line_or_a_recipient(
    name: str, office: SmallOffice, smtp: SmtpSink, tmp_path: Path
) -> None:
    one_mail(office)
    _keep_only(office.engine, office, "coordinator")
    with transaction(office.engine) as connection:
        connection.execute(update(Account).where(ACCOUNT.login == "coordinator").values(name=name))
    try:
        deliver(office.engine, office=office.context, settings=settings(tmp_path, smtp), now=START)
    except ValueError:
        assert smtp.received == [], "refused whole"
    for one in smtp.received:
        assert one.recipients == ("coordinator@example.test",)
        assert one.message["Bcc"] is None
        assert len(one.message["To"].addresses) == 1


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_each_reads_the_mail_in_the_own_language(
    language: str, office: SmallOffice, smtp: SmtpSink, tmp_path: Path
) -> None:
    one_mail(office)
    _keep_only(office.engine, office, "coordinator")
    with transaction(office.engine) as connection:
        connection.execute(update(Account).where(ACCOUNT.login == "coordinator").values(language=language))
    deliver(office.engine, office=office.context, settings=settings(tmp_path, smtp), now=START)
    (one,) = smtp.received
    wanted = {"zh_CN": "【新申请】（2026）滨园人调字第1号 3月5日 周四到期", "en": "（2026）滨园人调字第1号"}[language]
    assert wanted in str(one.message["Subject"])
    assert ("到期" in str(one.message["Subject"])) == (language == "zh_CN")


def test_text_and_html_of_a_mail_say_the_same_and_name_nothing_of_the_dispute(
    office: SmallOffice, smtp: SmtpSink, tmp_path: Path
) -> None:
    one_mail(office)
    made = settings(tmp_path, smtp, public_url="https://huiyin.example.test")
    deliver(office.engine, office=office.context, settings=made, now=START)
    for one in smtp.received:
        plain, rich = one.message.get_body(("plain",)), one.message.get_body(("html",))
        assert plain
        assert rich
        text, html = plain.get_content(), rich.get_content()
        assert len(text.strip().splitlines()) <= 6
        assert "https://huiyin.example.test/cases/" in text
        assert "https://huiyin.example.test/cases/" in read(html).links[0]
        shown = "".join(read(html).text.split())
        for line in text.strip().splitlines():
            assert "".join(line.partition("https://")[0].rstrip("：: ").split()) in shown
        whole = one.message.as_string() + text + html
        assert not [word for word in ("漏水", "白某", "石某") if word in whole]


# -- into a folder ----------------------------------------------------------------------------------------------------


def test_without_a_server_each_mail_is_a_file_that_a_mail_program_opens(office: SmallOffice, tmp_path: Path) -> None:
    one_mail(office)
    waiting = len(rows(office.engine))
    done = deliver(office.engine, office=office.context, settings=settings(tmp_path, None), now=START)
    assert done == Delivered(sent=waiting)
    files = sorted((tmp_path / "mail").iterdir())
    assert [file.suffix for file in files] == [".eml"] * waiting
    mail = email.message_from_bytes(files[0].read_bytes(), policy=email.policy.default)
    assert mail["Message-ID"] == f"<{files[0].stem}@huiyin.invalid>"
    assert "第1号" in str(mail["Subject"])


def test_the_same_mail_written_twice_is_one_file(
    office: SmallOffice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_mail(office)
    _keep_only(office.engine, office, "coordinator")
    made = settings(tmp_path, None)
    with monkeypatch.context() as patch:
        patch.setattr(delivery, "_record", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            deliver(office.engine, office=office.context, settings=made, now=START)
    deliver(office.engine, office=office.context, settings=made, now=START + LEASE)
    assert len(list((tmp_path / "mail").iterdir())) == 1


def test_who_is_added_later_is_told_of_nothing_earlier(office: SmallOffice, smtp: SmtpSink, tmp_path: Path) -> None:
    """Recipients are found when something happens, and not when its mail goes out."""
    one_mail(office)
    with transaction(office.engine) as connection:
        add_account(
            connection, unit=office.units["centre"], role=Role.COORDINATOR, login="new", name="新来的",
            email="new@example.test", now=START,
        )  # fmt: skip
    deliver(office.engine, office=office.context, settings=settings(tmp_path, smtp), now=START)
    assert "new@example.test" not in {address for one in smtp.received for address in one.recipients}
