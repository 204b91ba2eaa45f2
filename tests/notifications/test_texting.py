"""Short messages: red lights and crises to whoever has given a number, once, by the rules of the outbox, and nothing of any dispute."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, select

import notifications.texting
from cases.sweep import sweep
from infra.db import reading, transaction
from infra.settings import Settings
from ledger.tables import Event, Message, TextMessage
from notifications.deliver import deliver
from notifications.texting import Texted, send_texts
from people.staffing import close_account
from people.telling import Chosen, choose_telling, read_phone
from tests.api.listener import Listener, listening
from tests.databases import ZONE, SmallOffice, found, step
from verify.checking import verify

EVENT, _message = Event.__table__.c, Message.__table__.c  # type: ignore[attr-defined]
TEXT = TextMessage.__table__.c  # type: ignore[attr-defined]
PHONE = "13800000000"


def local(when: str) -> datetime:
    return datetime.fromisoformat(when).replace(tzinfo=ZONE).astimezone(UTC)


@pytest.fixture
def gateway() -> Iterator[Listener]:
    with listening() as made:
        yield made


def settings(gateway: Listener, home: Path, **more: Any) -> Settings:
    values = {"home": home, "sms_url": gateway.address, "sms_token": SecretStr("a token"), "smtp_host": "", **more}
    return Settings(**values)


def an_order(office: SmallOffice) -> None:
    """Of Monday 2 March, in the mediator's hands: yellow from Friday 6 March, red from Tuesday the 10th."""
    office.tell(
        "hotline",
        step("2026-03-02T09:00", "clerk", "Register", title="噪声很大", statement="夜间噪声", applicant="王某"),
        step("2026-03-02T09:10", "clerk", "Accept"),
        step("2026-03-02T09:20", "coordinator", "Assign", unit="room", handler="mediator"),
        step("2026-03-02T09:30", "mediator", "SignFor"),
        step("2026-03-02T09:40", "mediator", "ContactPerson", note="已联系"),
    )


def gives_number(office: SmallOffice, login: str, phone: str | None = PHONE) -> None:
    with transaction(office.engine) as connection:
        account = office.accounts[login]
        choose_telling(
            connection, account, Chosen(phone=phone), actor=office.actors[login], now=local("2026-03-02T08:00")
        )


def round_at(office: SmallOffice, asked: Settings, when: str) -> Texted:
    now = local(when)
    deliver(office.engine, office=office.context, settings=asked, now=now)
    return send_texts(office.engine, office=office.context, settings=asked, now=now)


def rows(engine: Engine) -> list[Any]:
    with reading(engine) as connection:
        return list(connection.execute(select(*TEXT).order_by(TEXT.message_id)))


def test_a_red_light_comes_as_a_short_message_once_and_says_nothing_of_the_dispute(
    engine: Engine, gateway: Listener, tmp_path: Path
) -> None:
    office = found(engine)
    asked = settings(gateway, tmp_path)
    gives_number(office, "mediator")
    an_order(office)
    assert round_at(office, asked, "2026-03-02T10:00") == Texted(), "what is not urgent comes by mail alone"
    sweep(engine, now=local("2026-03-06T00:01"))
    assert round_at(office, asked, "2026-03-06T00:02") == Texted(), "nor does yellow"
    sweep(engine, now=local("2026-03-10T00:01"))
    assert round_at(office, asked, "2026-03-10T00:02").sent == 1
    assert round_at(office, asked, "2026-03-10T00:03") == Texted()
    (heard,) = gateway.heard
    assert heard.headers["Authorization"] == "Bearer a token"
    said = json.loads(heard.body)
    assert set(said) == {"id", "to", "text"}
    assert said["to"] == PHONE
    assert said["text"].startswith("【滨园】（2026）滨园热线字第1号：")
    assert "到期" in said["text"]
    for word in ("噪声", "王某", "夜间"):
        assert word not in said["text"]
    assert verify(str(engine.url.render_as_string(hide_password=False))).ok


def test_what_is_not_taken_is_tried_again_under_the_same_id_and_given_up_after_days(
    office: SmallOffice, gateway: Listener, tmp_path: Path
) -> None:
    asked = settings(gateway, tmp_path)
    gives_number(office, "mediator")
    an_order(office)
    sweep(office.engine, now=local("2026-03-10T00:01"))
    gateway.status = 500
    assert round_at(office, asked, "2026-03-10T00:02").refused == 1
    (row,) = rows(office.engine)
    assert (row.last_error, row.attempts) == ("status_500", 1)
    assert row.next_try_at == local("2026-03-10T00:03")
    for hours in range(1, 90):
        now = local("2026-03-10T00:03") + timedelta(hours=hours)
        send_texts(office.engine, office=office.context, settings=asked, now=now)
    (row,) = rows(office.engine)
    assert row.dead_at is not None
    assert row.next_try_at is None
    assert len({json.loads(one.body)["id"] for one in gateway.heard}) == 1


def test_nobody_is_written_to_who_has_no_number_or_is_gone(
    office: SmallOffice, gateway: Listener, tmp_path: Path
) -> None:
    asked = settings(gateway, tmp_path)
    an_order(office)
    sweep(office.engine, now=local("2026-03-10T00:01"))
    assert round_at(office, asked, "2026-03-10T00:02") == Texted()
    gives_number(office, "mediator")
    an_order(office)
    sweep(office.engine, now=local("2026-03-10T01:01"))
    deliver(office.engine, office=office.context, settings=asked, now=local("2026-03-10T01:02"))
    with transaction(office.engine) as connection:
        close_account(connection, office.accounts["mediator"], now=local("2026-03-10T01:03"))
    done = send_texts(office.engine, office=office.context, settings=asked, now=local("2026-03-10T01:04"))
    assert done.refused >= 1
    assert {one.last_error for one in rows(office.engine)} == {"nobody"}
    assert gateway.heard == []


def test_one_that_cannot_be_written_is_given_up_and_holds_up_no_other(
    office: SmallOffice, gateway: Listener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = settings(gateway, tmp_path)
    gives_number(office, "mediator")
    an_order(office)
    an_order(office)
    sweep(office.engine, now=local("2026-03-10T00:01"))
    deliver(office.engine, office=office.context, settings=asked, now=local("2026-03-10T00:02"))
    first = rows(office.engine)[0].message_id
    words_of = notifications.texting.words_of

    def broken(connection: Any, event: Any, *how: Any) -> Any:
        if event.stream == broken_stream:
            raise ValueError("a fault of the program")
        return words_of(connection, event, *how)

    with reading(office.engine) as connection:
        broken_stream = connection.execute(select(_message.stream).where(_message.id == first)).scalar_one()
    monkeypatch.setattr(notifications.texting, "words_of", broken)
    done = send_texts(office.engine, office=office.context, settings=asked, now=local("2026-03-10T00:03"))
    assert (done.sent, done.refused) == (1, 1)
    assert [one.last_error for one in rows(office.engine)] == ["not composed", None]


def test_a_number_is_in_no_event(office: SmallOffice) -> None:
    gives_number(office, "mediator")
    with reading(office.engine) as connection:
        (said,) = connection.execute(select(EVENT.data).where(EVENT.code == "telling:chosen")).scalars()
    assert PHONE not in said
    assert hashlib.sha256(PHONE.encode()).hexdigest() not in said
    assert "phone" not in said
    assert verify(office.engine.url.render_as_string(hide_password=False)).ok


def test_without_a_gateway_nothing_is_sent(office: SmallOffice, gateway: Listener, tmp_path: Path) -> None:
    gives_number(office, "mediator")
    an_order(office)
    sweep(office.engine, now=local("2026-03-10T00:01"))
    assert round_at(office, settings(gateway, tmp_path, sms_url=""), "2026-03-10T00:02") == Texted()


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("138 0000 0000", PHONE), ("+86-138-0000-0000", "+8613800000000"), ("１３８００００００００", PHONE), ("(0755) 1234567", "07551234567"),
        ("", None), ("12345", None), ("138000000001234567", None), ("call me", None), ("+", None), ("138,0000", None),
    ],
)  # fmt: skip
def test_a_number_is_read_as_people_write_it(typed: str, read: str | None) -> None:
    assert read_phone(typed) == read
