"""The morning's digest: what a duty leader is told of yellow waits for 08:00 and goes out as one mail."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, select

from cases.sweep import sweep
from infra.db import reading
from ledger.outbox import DAILY
from ledger.tables import Message
from notifications.daily import release_digests
from tests.databases import ZONE, SmallOffice, step

_message = Message.__table__.c  # type: ignore[attr-defined]


def local(when: str) -> datetime:
    return datetime.fromisoformat(when).replace(tzinfo=ZONE).astimezone(UTC)


def an_order(office: SmallOffice) -> None:
    """Of Monday 2 March: yellow from Friday 6 March 00:00."""
    office.tell(
        "hotline",
        step("2026-03-02T09:00", "clerk", "Register", title="噪声", statement="夜间噪声", applicant="王某"),
        step("2026-03-02T09:10", "clerk", "Accept"),
        step("2026-03-02T09:20", "coordinator", "Assign", unit="room", handler="mediator"),
        step("2026-03-02T09:30", "mediator", "SignFor"),
        step("2026-03-02T09:40", "mediator", "ContactPerson", note="已联系"),
    )


def waiting(engine: Engine, bundle: str | None) -> list[tuple[int, datetime | None]]:
    """Of that name, or one that begins so."""
    named = _message.bundle.startswith(bundle) if bundle else _message.bundle.is_(None)
    with reading(engine) as connection:
        rows = connection.execute(select(_message.recipient, _message.next_try_at).where(named).order_by(_message.id))
        return [(row.recipient, row.next_try_at) for row in rows]


def test_a_yellow_waits_for_the_morning_and_goes_out_once(office: SmallOffice) -> None:
    for _ in range(3):
        an_order(office)
    sweep(office.engine, now=local("2026-03-06T00:01"))
    leader, calendar = office.accounts["duty_leader"], office.context.policy.calendar
    assert waiting(office.engine, DAILY) == [(leader, None)] * 3
    assert release_digests(office.engine, calendar, now=local("2026-03-06T07:59")) == 0
    morning = local("2026-03-06T08:00")
    assert release_digests(office.engine, calendar, now=morning) == 1
    assert waiting(office.engine, "daily.20260306.") == [(leader, morning)] * 3
    assert release_digests(office.engine, calendar, now=morning + timedelta(hours=1)) == 0


def test_what_comes_after_the_morning_waits_for_the_next_one(office: SmallOffice) -> None:
    an_order(office)
    calendar = office.context.policy.calendar
    sweep(office.engine, now=local("2026-03-06T08:05"))
    assert release_digests(office.engine, calendar, now=local("2026-03-06T09:00")) == 0
    assert release_digests(office.engine, calendar, now=local("2026-03-07T08:00")) == 1


def test_the_handler_and_the_head_are_told_at_once_and_a_red_tells_the_leader_at_once(office: SmallOffice) -> None:
    an_order(office)
    sweep(office.engine, now=local("2026-03-06T00:01"))
    told = {office.accounts[name] for name in ("mediator", "supervisor")}
    assert told <= {recipient for recipient, _ in waiting(office.engine, None)}
    sweep(office.engine, now=local("2026-03-10T00:01"))
    assert office.accounts["duty_leader"] in {recipient for recipient, _ in waiting(office.engine, None)}
    assert waiting(office.engine, DAILY) == [(office.accounts["duty_leader"], None)], "the yellow alone waits"
