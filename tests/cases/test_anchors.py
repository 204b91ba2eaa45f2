"""Anchors: what they say, when they are made, who is told; on both databases."""

import base64
import hashlib
import json
import re
import stat
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Engine, select

from cases.anchors import anchor_text, is_due, list_anchors, make_anchor, make_anchors, signer
from cases.rows import rungs_from
from cases.sweep import sweep
from cases.tables import Clock
from infra.db import reading, transaction
from infra.keys import KeyIsExposed, KeyIsUnreadable
from infra.settings import Settings
from infra.signing import SigningKey, key_id, public_key, signing_key, written
from ledger.chain import NewEvent, append_to_office
from ledger.tables import Event, Message, StreamHead
from ops.jobs import JOBS, run_job
from people.staffing import add_account, close_account
from tests import databases
from tests.databases import START, SmallOffice, found, step
from verify.checking import verify
from workflow.model import TIMERS, Light, Role

CLOCK, EVENT, HEAD, MESSAGE = (
    table.__table__.c  # type: ignore[attr-defined]
    for table in (Clock, Event, StreamHead, Message)
)
#: The fixtures of `tests/databases.py`; those of this folder's conftest are of another office.
engine, sqlite, postgresql = databases.engine, databases.sqlite, databases.postgresql
sqlite_template, postgres_template = databases.sqlite_template, databases.postgres_template
WORDS = {"title": "噪声", "statement": "夜间施工", "applicant": "白某"}
SOON = START + timedelta(minutes=1)


@pytest.fixture
def key(tmp_path: Path) -> SigningKey:
    return signing_key(tmp_path / "home")


@pytest.fixture
def made(engine: Engine) -> SmallOffice:
    """An office with two orders, on each database."""
    office = found(engine)
    for _ in range(2):
        office.tell("hotline", step("2026-03-02T09:00", "clerk", "Register", **WORDS))
    return office


def anchored(office: SmallOffice, key: SigningKey, now: datetime = SOON) -> tuple[int, ...]:
    return make_anchors(office.engine, office=office.context, key=key, now=now)


def text_of(office: SmallOffice, number: int) -> str:
    with reading(office.engine) as connection:
        found = anchor_text(connection, number)
    assert found is not None
    return found


def heads_in(text: str) -> dict[int, tuple[int, str]]:
    return {int(a): (int(b), c) for a, b, c in re.findall(r"^(\d+) (\d+) ([0-9a-f]{64})$", text, re.MULTILINE)}


def heads(office: SmallOffice) -> dict[int, tuple[int, str, int]]:
    with reading(office.engine) as connection:
        return {row.stream: (row.seq, row.hash, row.anchored) for row in connection.execute(select(*HEAD))}


# -- what it says -----------------------------------------------------------------------------------------------------


def test_the_first_anchor_names_every_chain_as_it_stands_and_the_office_before_the_anchors_own_event(
    made: SmallOffice, key: SigningKey
) -> None:
    before = heads(made)
    assert anchored(made, key) == (1,)
    text = text_of(made, 1)
    assert heads_in(text) == {stream: (seq, hash_) for stream, (seq, hash_, _) in before.items()}
    assert text.splitlines()[:7] == [
        "huiyin anchor 1", "office 滨园", "number 1", "made 2026-03-02T01:01:00.000000Z", "previous -", "cases 2",
        "heads 3",
    ]  # fmt: skip
    after = heads(made)
    assert after[0][0] == before[0][0] + 1
    assert after[0][2] == before[0][0]
    assert all(anchored_at == seq for stream, (seq, _, anchored_at) in after.items() if stream)


def test_its_series_lines_hold_the_last_number_of_each_series(made: SmallOffice, key: SigningKey) -> None:
    anchored(made, key)
    (line,) = [line for line in text_of(made, 1).splitlines() if line.startswith("series ")]
    assert line.split()[1:3] == ["2026", "2"]


def test_its_checksum_and_its_signature_are_over_the_text(made: SmallOffice, key: SigningKey) -> None:
    anchored(made, key)
    text = text_of(made, 1)
    signed, _, last = text.rpartition("\n\n")
    signed += "\n"
    body, _, checksum = signed.rpartition("sha256 ")
    assert checksum.strip() == hashlib.sha256(body.encode()).hexdigest()
    dash, name, encoded = last.split()
    raw = base64.b64decode(encoded)
    assert (dash, name, raw[:4].hex()) == ("—", "滨园", key_id(key.public))
    public = Ed25519PublicKey.from_public_bytes(key.public)
    public.verify(raw[4:], signed.encode())
    with pytest.raises(InvalidSignature):
        public.verify(raw[4:], signed.replace("cases 2", "cases 1").encode())


def test_the_second_names_only_what_has_moved_and_the_text_before_it(made: SmallOffice, key: SigningKey) -> None:
    anchored(made, key)
    opened = made.tell("hotline", step("2026-03-02T10:00", "clerk", "Register", **WORDS))
    assert anchored(made, key, START + timedelta(hours=2)) == (2,)
    text = text_of(made, 2)
    assert set(heads_in(text)) == {0, opened.case_id}
    assert f"previous {hashlib.sha256(text_of(made, 1).encode()).hexdigest()}" in text.splitlines()


def test_nothing_is_anchored_twice_and_an_anchor_alone_is_no_reason_for_another(
    made: SmallOffice, key: SigningKey
) -> None:
    assert anchored(made, key) == (1,)
    assert anchored(made, key, START + timedelta(days=1)) == ()
    assert anchored(made, key, START + timedelta(days=2)) == ()


def test_what_the_office_does_is_a_reason(made: SmallOffice, key: SigningKey) -> None:
    anchored(made, key)
    with transaction(made.engine) as connection:
        append_to_office(
            connection, NewEvent(code="report:exported", occurred_at=SOON, recorded_at=SOON, actor=TIMERS, data={})
        )
    assert anchored(made, key, START + timedelta(hours=2)) == (2,)
    assert set(heads_in(text_of(made, 2))) == {0}


def test_more_chains_than_one_mail_takes_go_into_several_anchors(made: SmallOffice, key: SigningKey) -> None:
    with transaction(made.engine) as connection:
        numbers = [
            make_anchor(connection, office=made.context, key=key, now=SOON, at_most=2),
            make_anchor(connection, office=made.context, key=key, now=SOON, at_most=2),
            make_anchor(connection, office=made.context, key=key, now=SOON, at_most=2),
        ]
    assert numbers == [1, 2, None]
    named = [set(heads_in(text_of(made, number))) for number in (1, 2)]
    assert named[0] | named[1] == set(heads(made))
    assert named[0] & named[1] == {0}


def test_an_anchor_whose_transaction_fails_was_never_made(made: SmallOffice, key: SigningKey) -> None:
    before = heads(made)

    class Stop(Exception):
        pass

    def fails() -> None:
        with transaction(made.engine) as connection:
            make_anchor(connection, office=made.context, key=key, now=SOON)
            raise Stop

    with pytest.raises(Stop):
        fails()
    assert heads(made) == before
    with reading(made.engine) as connection:
        assert list_anchors(connection) == []
        assert connection.execute(select(*MESSAGE).where(MESSAGE.stream == 0)).all() == []


def test_the_record_with_its_anchors_is_sound(made: SmallOffice, key: SigningKey) -> None:
    anchored(made, key)
    report = verify(made.engine.url.render_as_string(hide_password=False))
    assert report.ok, report.text()


def test_its_event_vouches_for_the_text_by_its_hash(made: SmallOffice, key: SigningKey) -> None:
    anchored(made, key)
    with reading(made.engine) as connection:
        event = connection.execute(select(*EVENT).where(EVENT.code == "anchor:made")).one()
    assert event.key == "anchor:1"
    data = json.loads(event.data)
    assert (data["number"], data["heads"]) == (1, 3)
    assert data["wrote"]["anchor"]["1"] == {
        "number": 1,
        "made_at": "2026-03-02T01:01:00.000000Z",
        "content": {"sha256": hashlib.sha256(text_of(made, 1).encode()).hexdigest()},
    }


def test_a_list_shows_the_newest_first(made: SmallOffice, key: SigningKey) -> None:
    anchored(made, key)
    made.tell("hotline", step("2026-03-02T10:00", "clerk", "Register", **WORDS))
    anchored(made, key, START + timedelta(hours=2))
    with reading(made.engine) as connection:
        assert [(one.number, one.cases, one.heads) for one in list_anchors(connection)] == [(2, 3, 2), (1, 2, 3)]


def test_the_name_of_a_signature_has_no_spaces_and_no_plus() -> None:
    assert signer("滨江 园区+街道") == "滨江-园区-街道"


# -- who is told ------------------------------------------------------------------------------------------------------


def test_every_auditor_whose_account_is_open_is_told_and_nobody_else(made: SmallOffice, key: SigningKey) -> None:
    with transaction(made.engine) as connection:
        second, third = (
            add_account(
                connection, unit=made.units["upstream"], role=Role.AUDITOR, login=login, name=login,
                email=f"{login}@example.test", now=START,
            )
            for login in ("auditor_2", "auditor_3")
        )  # fmt: skip
        close_account(connection, third, now=START)
    anchored(made, key)
    with reading(made.engine) as connection:
        told = connection.execute(select(MESSAGE.recipient).where(MESSAGE.stream == 0)).scalars().all()
    assert set(told) == {made.accounts["auditor"], second}


# -- when -------------------------------------------------------------------------------------------------------------


def due(office: SmallOffice, now: datetime) -> bool:
    with reading(office.engine) as connection:
        return is_due(connection, office.context, now=now)


def test_one_is_due_when_there_is_none_and_then_when_the_day_of_the_office_is_over(
    made: SmallOffice, key: SigningKey
) -> None:
    assert due(made, SOON)
    anchored(made, key)
    midnight = datetime(2026, 3, 2, 16, 0, tzinfo=START.tzinfo)  # 00:00 of 3 March in Shanghai
    assert not due(made, midnight - timedelta(seconds=1))
    assert due(made, midnight)


def test_a_red_light_makes_one_due_within_the_hour_and_the_next_ones_wait_for_each_other(
    made: SmallOffice, key: SigningKey
) -> None:
    red = _first_red(made)  # a day's clock: midnight in Shanghai
    anchored(made, key, red)
    sweep(made.engine, now=red + timedelta(minutes=1))
    assert not due(made, red + timedelta(minutes=44))
    assert due(made, red + timedelta(minutes=45))
    anchored(made, key, red + timedelta(minutes=45))
    assert not due(made, red + timedelta(hours=2))


def test_what_is_not_red_waits_for_the_end_of_the_day(made: SmallOffice, key: SigningKey) -> None:
    anchored(made, key)
    made.tell("hotline", step("2026-03-02T10:00", "clerk", "Register", **WORDS))
    assert not due(made, START + timedelta(hours=8))


def _first_red(office: SmallOffice) -> datetime:
    with reading(office.engine) as connection:
        ladders = connection.execute(select(CLOCK.rungs)).scalars().all()
    return min(rung.at for ladder in ladders for rung in rungs_from(ladder) if rung.light is Light.RED)


def test_the_job_makes_it_and_says_how_many(made: SmallOffice, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    job = next(job for job in JOBS if job.name == "anchors")
    assert job.every <= timedelta(minutes=10)
    assert run_job(job, made.engine, settings, now=SOON) == {"anchors": 1}
    assert run_job(job, made.engine, settings, now=SOON + timedelta(minutes=10)) == {"anchors": 0}


# -- the key ----------------------------------------------------------------------------------------------------------


def test_the_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    first = signing_key(tmp_path)
    path = tmp_path / "keys" / "anchor.pem"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert signing_key(tmp_path).public == first.public
    assert public_key(tmp_path) == written(first.public)
    assert sorted(one.name for one in path.parent.iterdir()) == ["anchor.pem", "anchor.pub"]


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    signing_key(tmp_path)
    path = tmp_path / "keys" / "anchor.pem"
    for mode in (0o644, 0o640, 0o604):
        path.chmod(mode)
        with pytest.raises(KeyIsExposed):
            signing_key(tmp_path)


def test_a_file_that_holds_no_key_of_this_kind_is_refused_and_kept(tmp_path: Path) -> None:
    signing_key(tmp_path)
    path = tmp_path / "keys" / "anchor.pem"
    path.write_text("no key")
    with pytest.raises(KeyIsUnreadable):
        signing_key(tmp_path)
    assert path.read_text() == "no key"


def test_there_is_no_public_key_before_anything_was_signed(tmp_path: Path) -> None:
    assert public_key(tmp_path) is None
    assert not (tmp_path / "keys").exists()


# -- at the same time -------------------------------------------------------------------------------------------------


def test_what_is_signed_is_what_was_committed_while_steps_are_taken(made: SmallOffice, key: SigningKey) -> None:
    """Two workers open orders and the timers sweep while anchors are made: each line is an event with that hash."""
    failed: list[Exception] = []

    def work(minute: int) -> None:
        try:
            for _ in range(8):
                made.tell(
                    "hotline",
                    step(f"2026-03-02T09:{minute:02}", "clerk", "Register", **WORDS),
                    step(f"2026-03-02T09:{minute + 1:02}", "clerk", "Accept"),
                )
        except Exception as error:  # noqa: BLE001 (shown by the test)
            failed.append(error)

    workers = [Thread(target=work, args=(minute,)) for minute in (10, 20)]
    for worker in workers:
        worker.start()
    while any(worker.is_alive() for worker in workers):
        anchored(made, key)
        sweep(made.engine, now=SOON)
    for worker in workers:
        worker.join()
    anchored(made, key)
    assert failed == []
    with reading(made.engine) as connection:
        kept = {
            (row.stream, row.seq): row.hash for row in connection.execute(select(EVENT.stream, EVENT.seq, EVENT.hash))
        }
        texts = [anchor_text(connection, line.number) or "" for line in list_anchors(connection)]
    named = [(stream, *head) for text in texts for stream, head in heads_in(text).items()]
    assert len(texts) > 1
    assert [line for line in named if kept.get(line[:2]) != line[2]] == []
    assert {stream for stream, _, _ in named} == set(heads(made))
