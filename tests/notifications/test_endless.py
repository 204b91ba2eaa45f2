"""A mail server that does not come to an end holds up one mail for as long as a mail may take, and nobody else."""

import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from infra.settings import Settings
from notifications import deliver as delivery
from notifications import smtp as talking
from notifications import transport
from notifications.deliver import LEASE, ROUND_SECONDS, Delivered, deliver
from notifications.transport import LONGEST_MAIL_SECONDS, NotDelivered, SmtpTransport, mail_seconds
from tests.databases import START, SmallOffice
from tests.notifications.endless_server import STAGES, WAYS, Behaviour, endless_server
from tests.notifications.test_deliver import _keep_only, one_mail, only, rows

#: The longest answer in these tests, and twice that the longest mail. A server that drips answers every 20 ms.
ANSWER_SECONDS = 0.3
#: What a busy machine may add. A wait without an end is longer.
PATIENCE_SECONDS = 30.0


@pytest.fixture
def server() -> Iterator[Behaviour]:
    with endless_server() as behaviour:
        yield behaviour


def settings(home: Path, port: int, **more: Any) -> Settings:
    return Settings(home=home, smtp_host="127.0.0.1", smtp_port=port, smtp_timeout=ANSWER_SECONDS, **more)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage != "QUIT"])
def test_whatever_the_server_does_at_whichever_stage_the_mail_is_put_off_in_time(
    stage: str, way: str, server: Behaviour, office: SmallOffice, tmp_path: Path
) -> None:
    one_mail(office)
    _keep_only(office.engine, office, "coordinator")
    server.stage, server.way = stage, way
    begun = time.monotonic()
    made = settings(tmp_path, server.port)
    assert deliver(office.engine, office=office.context, settings=made, now=START) == Delivered(deferred=1)
    assert time.monotonic() - begun < PATIENCE_SECONDS
    row = only(office.engine, office, "coordinator")
    assert (row.attempts, row.dead_at, row.sent_at, row.lease) == (1, None, None, None)
    assert row.last_error in ("TimeoutError", "SMTPServerDisconnected", "SMTPResponseException 500"), row.last_error
    server.stage = ""
    later = START + timedelta(minutes=1)
    assert deliver(office.engine, office=office.context, settings=made, now=later) == Delivered(sent=1)


@pytest.mark.parametrize("way", WAYS)
def test_a_server_that_does_not_say_goodbye_keeps_nobody(
    way: str, server: Behaviour, office: SmallOffice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "GOODBYE_SECONDS", 0.3)
    one_mail(office)
    server.stage, server.way = "QUIT", way
    begun = time.monotonic()
    done = deliver(office.engine, office=office.context, settings=settings(tmp_path, server.port), now=START)
    assert done == Delivered(sent=2)
    assert time.monotonic() - begun < PATIENCE_SECONDS


def test_a_mail_that_does_not_come_to_an_end_holds_up_no_other(
    server: Behaviour, office: SmallOffice, tmp_path: Path
) -> None:
    """The server is stuck for one recipient alone, who is first in the line."""
    one_mail(office)
    assert [row.recipient for row in rows(office.engine)] == [
        office.accounts["clerk"], office.accounts["coordinator"],
    ]  # fmt: skip
    server.stage, server.way, server.only_for = "RCPT", "a byte now and then", "clerk@example.test"
    done = deliver(office.engine, office=office.context, settings=settings(tmp_path, server.port), now=START)
    assert done == Delivered(sent=1, deferred=1)
    assert server.taken == ["coordinator@example.test"]


def test_a_server_that_is_told_to_speak_in_secret_and_drips_is_left_too(server: Behaviour, tmp_path: Path) -> None:
    for tls in ("tls", "starttls"):
        server.stage, server.way = (
            ("greeting", "a byte now and then") if tls == "tls" else ("EHLO", "lines without end")
        )
        with pytest.raises(NotDelivered) as caught:
            SmtpTransport(settings(tmp_path, server.port, smtp_tls=tls)).send(_a_mail(), to="clerk@example.test")
        assert not caught.value.permanent


def test_an_answer_that_is_cut_off_in_the_middle_is_no_answer(tmp_path: Path) -> None:
    """The beginning of a refusal for good could be that of another one."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def refuse_half() -> None:
            line, _ = listening.accept()
            with line:
                for answer in (b"220 here\r\n", b"250 here\r\n", b"250 yes\r\n", b"550 5.1.1"):
                    line.sendall(answer)
                    line.recv(4096)

        threading.Thread(target=refuse_half, daemon=True).start()
        with pytest.raises(NotDelivered) as caught:
            SmtpTransport(settings(tmp_path, listening.getsockname()[1])).send(_a_mail(), to="clerk@example.test")
    assert not caught.value.permanent


def test_a_name_service_that_does_not_answer_holds_up_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = threading.Event()

    def silence(*_: object, **__: object) -> Any:
        asked.wait()

    monkeypatch.setattr(talking.socket, "getaddrinfo", silence)
    monkeypatch.setattr(talking.socket, "getfqdn", silence)
    monkeypatch.setattr(talking, "OWN_NAME_SECONDS", 0.05)
    talking.own_name.cache_clear()
    try:
        assert talking.own_name() == "[127.0.0.1]"
        with pytest.raises(NotDelivered) as caught:
            SmtpTransport(settings(tmp_path, 25)).send(_a_mail(), to="clerk@example.test")
        assert (caught.value.reason, caught.value.permanent) == ("TimeoutError", False)
    finally:
        asked.set()
        talking.own_name.cache_clear()


def test_a_round_that_has_lasted_long_enough_leaves_the_rest_to_the_next_one_as_if_it_had_not_touched_them(
    server: Behaviour, office: SmallOffice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first mail takes as long as an answer may, which is longer than this round. A busy machine may not even come to it."""
    monkeypatch.setattr(delivery, "ROUND_SECONDS", ANSWER_SECONDS / 2)
    one_mail(office)
    server.stage, server.only_for = "content", "clerk@example.test"
    made = settings(tmp_path, server.port)
    while only(office.engine, office, "clerk").attempts == 0:
        assert deliver(office.engine, office=office.context, settings=made, now=START) in (
            Delivered(deferred=2), Delivered(),
        )  # fmt: skip
    assert only(office.engine, office, "clerk").last_error in ("TimeoutError", "SMTPServerDisconnected")
    left = only(office.engine, office, "coordinator")
    assert (left.attempts, left.next_try_at, left.lease, left.last_error) == (0, START, None, None)
    monkeypatch.undo()
    assert deliver(office.engine, office=office.context, settings=made, now=START) == Delivered(sent=1)


def test_a_lease_outlasts_the_longest_round() -> None:
    """A round takes up no mail after `ROUND_SECONDS`, and the last may take as long as a mail may."""
    assert timedelta(seconds=ROUND_SECONDS + LONGEST_MAIL_SECONDS) < LEASE
    assert mail_seconds(Settings()) == 60
    assert mail_seconds(Settings(smtp_timeout=600)) == LONGEST_MAIL_SECONDS


def _a_mail() -> EmailMessage:
    return EmailMessage()
