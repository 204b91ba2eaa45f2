"""A mail's Message-ID: the same for every copy of it, and never that of another mail, not even after a backup was restored."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, update

from infra.db import transaction
from ledger.tables import Message
from notifications.daily import release_digests
from notifications.deliver import LEASE, STORM, deliver, send_again
from tests.databases import START, SmallOffice, found, opened, step
from tests.notifications.test_deliver import WORDS, rows, settings
from tests.servers import SmtpSink

MESSAGE = Message.__table__.c  # type: ignore[attr-defined]
MINUTE = timedelta(minutes=1)


def an_application(office: SmallOffice, at: str) -> None:
    """The centre's clerk and its coordinator are told."""
    office.tell("mediation", step(at, "petitioner", "Apply", **WORDS))


def ids(office: SmallOffice, sink: SmtpSink, home: Path, now: datetime) -> list[str]:
    """The Message-IDs that a round of mails goes out under."""
    sink.received.clear()
    made = settings(home, sink, mail_domain="huiyin.test")
    deliver(office.engine, office=office.context, settings=made, now=now)
    return [one.message["Message-ID"] for one in sink.received]


@contextmanager
def restored(office: SmallOffice, backup: Path) -> Iterator[SmallOffice]:
    with opened(f"sqlite:///{backup}") as engine:
        yield replace(office, engine=engine)


def backed_up(office: SmallOffice, to: Path) -> Path:
    with closing(sqlite3.connect(str(office.engine.url.database))) as source, closing(sqlite3.connect(to)) as target:
        source.backup(target)
    return to


def test_after_a_restore_another_mail_has_another_message_id(
    office: SmallOffice, smtp: SmtpSink, tmp_path: Path
) -> None:
    """Case, event, recipient and message have the same numbers in both: what was counted since is counted again."""
    backup = backed_up(office, tmp_path / "backup.db")
    an_application(office, "2026-03-02T09:00")
    before = ids(office, smtp, tmp_path, START)
    lost = rows(office.engine)
    with restored(office, backup) as again:
        an_application(again, "2026-03-02T09:01")
        after = ids(again, smtp, tmp_path, START + MINUTE)
        keys = [(row.id, row.stream, row.seq, row.recipient) for row in rows(again.engine)]
    assert keys == [(row.id, row.stream, row.seq, row.recipient) for row in lost]
    assert len(before) == len(after) == 2
    assert not set(before) & set(after)


def test_a_mail_that_was_sent_after_the_backup_goes_out_again_as_the_same(
    office: SmallOffice, smtp: SmtpSink, tmp_path: Path
) -> None:
    an_application(office, "2026-03-02T09:00")
    backup = backed_up(office, tmp_path / "backup.db")
    sent = ids(office, smtp, tmp_path, START)
    with restored(office, backup) as again:
        assert ids(again, smtp, tmp_path, START + MINUTE) == sent


def test_a_digest_is_named_after_its_lines(office: SmallOffice, smtp: SmtpSink, tmp_path: Path) -> None:
    """The same lines after a restore: the same digest. Another line: another one, though it begins with the same message."""
    for minute in range(STORM):
        an_application(office, f"2026-03-02T08:{minute:02}")
    backup = backed_up(office, tmp_path / "backup.db")
    sent = ids(office, smtp, tmp_path, START)
    assert len(set(sent)) == 2, "two people with the same lines"
    with restored(office, backup) as again:
        assert ids(again, smtp, tmp_path, START) == sent
    with restored(office, backed_up(office, tmp_path / "another.db")) as again:
        _untried(again.engine)
        an_application(again, "2026-03-02T08:59")
        assert not set(ids(again, smtp, tmp_path, START)) & set(sent)


def _untried(engine: Engine) -> None:
    """As the messages were before anybody took them up."""
    with transaction(engine) as connection:
        connection.execute(update(Message).values(bundle=None, attempts=0, next_try_at=START, sent_at=None, lease=None))


def test_the_mornings_digest_is_named_after_its_lines_too(office: SmallOffice) -> None:
    an_application(office, "2026-03-01T09:00")
    an_application(office, "2026-03-01T09:30")
    calendar = office.context.policy.calendar
    names = []
    for lines in (2, 1, 2):
        _untried(office.engine)
        waits = (
            select(MESSAGE.id).where(MESSAGE.recipient == office.accounts["clerk"]).order_by(MESSAGE.id).limit(lines)
        )
        with transaction(office.engine) as connection:
            connection.execute(update(Message).where(MESSAGE.id.in_(waits)).values(bundle="daily", next_try_at=None))
        assert release_digests(office.engine, calendar, now=START) == 1
        names.append({row.bundle for row in rows(office.engine) if row.bundle})
    assert names[0] == names[2] != names[1]


# -- names that older programs gave -----------------------------------------------------------------------------------


@pytest.fixture
def old(engine: Engine) -> SmallOffice:
    """An office on each database whose program was upgraded with two mails in its outbox: one that it had tried under the
    name that it gave, and one that nobody had."""
    office = found(engine)
    an_application(office, "2026-03-02T09:00")
    with transaction(engine) as connection:
        tried = MESSAGE.recipient == office.accounts["clerk"]
        connection.execute(update(Message).where(tried).values(attempts=1, last_error="content refused 451"))
    return office


def _names(office: SmallOffice) -> dict[str, Any]:
    logins = {number: login for login, number in office.accounts.items()}
    return {logins[row.recipient]: f"{row.stream}.{row.seq}.{row.recipient}" for row in rows(office.engine)}


def test_what_an_older_program_has_tried_keeps_the_message_id_that_it_had(
    old: SmallOffice, smtp: SmtpSink, tmp_path: Path
) -> None:
    names, sent = _names(old), ids(old, smtp, tmp_path, START)
    assert f"<{names['clerk']}@huiyin.test>" in sent
    assert f"<{names['coordinator']}@huiyin.test>" not in sent
    assert len(set(sent)) == 2


def test_a_dead_letter_of_an_older_program_keeps_it_too(old: SmallOffice, smtp: SmtpSink, tmp_path: Path) -> None:
    with transaction(old.engine) as connection:
        connection.execute(update(Message).where(MESSAGE.attempts == 1).values(dead_at=START, next_try_at=None))
        for row in connection.execute(select(MESSAGE.id).where(MESSAGE.dead_at.is_not(None))).all():
            send_again(connection, row.id, now=START)
    assert f"<{_names(old)['clerk']}@huiyin.test>" in ids(old, smtp, tmp_path, START)


def test_a_mail_has_its_name_before_anybody_tries_to_send_it(
    engine: Engine, smtp: SmtpSink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program that took it up died, whenever that was: the next one sends it under the same name."""
    office = found(engine)
    an_application(office, "2026-03-02T09:00")

    class Died(Exception):
        pass

    def died(*_: Any, **__: Any) -> None:
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr("notifications.deliver.compose", died)
        with pytest.raises(Died):
            ids(office, smtp, tmp_path, START)
    names = sorted(f"<{row.bundle}@huiyin.test>" for row in rows(engine))
    assert sorted(ids(office, smtp, tmp_path, START + LEASE)) == names
