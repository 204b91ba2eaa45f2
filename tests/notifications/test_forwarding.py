"""A colleague leaves: what waits for them, and what will be told to them, reaches whoever answers now."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, text, update

from cases.execute import Opened, execute
from cases.sweep import sweep
from infra.db import reading, transaction
from infra.settings import Settings
from ledger.chain import NewEvent, append_to_office
from ledger.outbox import messages, post
from ledger.tables import Message
from notifications.daily import release_digests
from notifications.deliver import STORM, Delivered, deliver
from people.staffing import close_account
from people.tables import Account
from tests.databases import START, ZONE, SmallOffice, found, step
from tests.servers import SmtpSink
from workflow.model import TIMERS, AccountId
from workflow.procedures.petition.commands import Assign

MESSAGE, ACCOUNT = Message.__table__.c, Account.__table__.c  # type: ignore[attr-defined]
#: Replied to on 4 March at 10:00; the account of the mediator, who holds it, is closed two minutes later.
GONE = (
    step("2026-03-02T09:00", "clerk", "Register", title="甲", statement="…", applicant="某", channel="hotline"),
    step("2026-03-02T10:10", "clerk", "Accept"),
    step("2026-03-02T10:20", "coordinator", "Assign", unit="room", handler="mediator"),
    step("2026-03-02T10:30", "mediator", "SignFor"),
    step("2026-03-02T11:00", "mediator", "ContactPerson", note="已联系"),
    step("2026-03-04T10:00", "mediator", "Reply", form="oral", answer="已修复。"),
)

Run = Callable[[SmallOffice, str], Delivered]


@pytest.fixture
def run(smtp: SmtpSink, tmp_path: Path) -> Run:
    """Sends what is due at a local time."""

    def run(office: SmallOffice, at: str) -> Delivered:
        values: dict[str, Any] = {"home": tmp_path, "smtp_host": smtp.host, "smtp_port": smtp.port, "smtp_timeout": 5.0}
        return deliver(office.engine, office=office.context, settings=Settings(**values), now=local(at))

    return run


def local(at: str) -> datetime:
    return datetime.fromisoformat(at).replace(tzinfo=ZONE)


def just_assigned(office: SmallOffice) -> Opened:
    """An order given to the mediator at 10:20: two mails wait, for the mediator and for the head of the room."""
    opened = office.tell("hotline", *GONE[:3])
    with transaction(office.engine) as connection:  # the coordinator's, of the registration
        connection.execute(text("DELETE FROM message WHERE seq = 1"))
    return opened


def close(office: SmallOffice, *logins: str) -> None:
    with transaction(office.engine) as connection:
        for login in logins:
            close_account(connection, office.accounts[login], now=START)


def reached(smtp: SmtpSink) -> list[str]:
    """The log-ins that mails arrived for, in alphabetical order."""
    return sorted(one.recipients[0].partition("@")[0] for one in smtp.received)


def rows(engine: Engine, recipient: AccountId | None = None) -> list[Any]:
    query = select(*MESSAGE).order_by(MESSAGE.id)
    with reading(engine) as connection:
        return list(connection.execute(query if recipient is None else query.where(MESSAGE.recipient == recipient)))


def test_what_is_told_to_the_holder_reaches_the_nearest_who_can_act_once_the_account_is_closed(
    engine: Engine, smtp: SmtpSink, run: Run
) -> None:
    office = found(engine)
    office.tell("hotline", *GONE)
    run(office, "2026-03-04T10:01")
    close(office, "mediator")
    smtp.received.clear()
    for at in ("2026-03-19T09:00", "2026-03-28T09:00"):
        sweep(engine, now=local(at))
        assert run(office, at).dead == 0
    # What is told of the time to rate and to close goes to the holder alone; the head of the room stands in.
    assert set(reached(smtp)) == {"supervisor"}
    assert rows(engine, office.accounts["mediator"])[-1].recorded_at < local("2026-03-04T10:02")


def test_a_mail_that_waited_when_the_account_was_closed_reaches_whoever_answers_now(
    engine: Engine, smtp: SmtpSink, run: Run
) -> None:
    office = found(engine)
    just_assigned(office)
    close(office, "mediator", "supervisor")
    assert run(office, "2026-03-02T10:21").dead == 0
    # The centre's desk and its head stand in for the mediator; the head of the room's mail goes to the nearest head.
    assert reached(smtp) == ["clerk", "coordinator", "duty_leader"]
    assert {row.last_error for row in rows(engine, office.accounts["mediator"])} == {"passed on"}
    assert run(office, "2026-03-02T10:40") == Delivered(), "and once only"


def test_a_mail_goes_to_the_new_holder_if_the_case_was_handed_on_before_it_was_sent(
    office: SmallOffice, smtp: SmtpSink, run: Run
) -> None:
    opened = just_assigned(office)
    close(office, "mediator")
    again = Assign(unit=office.units["room"], handler=office.accounts["mediator_2"])
    with transaction(office.engine) as connection:
        execute(
            connection, opened.case_id, again, actor=office.actors["coordinator"], now=local("2026-03-02T10:25"),
            expected_version=None, office=office.context, request="1" * 32,
        )  # fmt: skip
    run(office, "2026-03-02T10:26")
    # Two events, two people each: the first one's mail to the mediator goes to who holds it now.
    assert reached(smtp) == ["mediator_2", "mediator_2", "supervisor", "supervisor"]


def test_whoever_was_told_of_the_same_event_is_not_told_again(office: SmallOffice, smtp: SmtpSink, run: Run) -> None:
    just_assigned(office)
    close(office, "mediator")
    run(office, "2026-03-02T10:21")
    assert reached(smtp) == ["supervisor"], "once as the head of the room, and not once more for the mediator"


def test_a_digest_of_a_closed_account_goes_out_as_its_heirs_own(office: SmallOffice, smtp: SmtpSink, run: Run) -> None:
    """STORM applications wait for the coordinator in one digest; the clerk has had none of them."""
    for _ in range(STORM):
        office.tell("mediation", step("2026-03-02T09:00", "petitioner", "Apply", title="漏", statement="漏", applicant="白", respondents=["石"]))  # fmt: skip
    with transaction(office.engine) as connection:
        connection.execute(Message.__table__.delete().where(MESSAGE.recipient == office.accounts["clerk"]))  # type: ignore[attr-defined]
        connection.execute(update(Message).values(bundle=f"digest.1.{office.accounts['coordinator']}"))
    close(office, "coordinator")
    assert run(office, "2026-03-02T09:01") == Delivered(sent=STORM)
    assert reached(smtp) == ["clerk"]
    assert {row.bundle for row in rows(office.engine, office.accounts["coordinator"])} == {None}


def test_a_morning_digest_of_a_closed_duty_leader_reaches_the_centres_desk(
    office: SmallOffice, smtp: SmtpSink, run: Run
) -> None:
    """Yellow is told to the duty leader the next morning: of 6 March, on the 7th at 08:00."""
    office.tell("hotline", *GONE[:5])
    sweep(office.engine, now=local("2026-03-06T00:00"))
    run(office, "2026-03-06T00:01")
    close(office, "duty_leader")
    smtp.received.clear()
    release_digests(office.engine, office.context.policy.calendar, now=local("2026-03-07T08:00"))
    assert run(office, "2026-03-07T08:01") == Delivered(sent=2)
    assert reached(smtp) == ["clerk", "coordinator"]


def test_a_third_red_goes_to_whoever_has_the_post_now(office: SmallOffice, smtp: SmtpSink, run: Run) -> None:
    data: Any = {"unit": office.units["room"], "month": "2026-03", "events": []}
    event = NewEvent(code="unit:third_red", occurred_at=START, recorded_at=START, actor=TIMERS, data=data)
    with transaction(office.engine) as connection:
        head = append_to_office(connection, event)
        post(connection, messages(0, head.seq, recorded_at=START, to=[office.accounts["supervisor"]]))
    close(office, "supervisor")
    run(office, "2026-03-02T09:01")
    assert reached(smtp) == ["duty_leader"]


def test_what_nobody_answers_for_waits_until_somebody_does(office: SmallOffice, smtp: SmtpSink, run: Run) -> None:
    just_assigned(office)
    everybody = ("mediator", "supervisor", "clerk", "coordinator", "duty_leader", "upstream")
    close(office, *everybody)
    assert run(office, "2026-03-02T10:21") == Delivered(deferred=2)
    assert {row.last_error for row in rows(office.engine, office.accounts["mediator"])} == {"account closed"}
    with transaction(office.engine) as connection:
        connection.execute(update(Account).where(ACCOUNT.login == "coordinator").values(active=True))
    assert run(office, "2026-03-02T10:30").dead == 0
    assert reached(smtp) == ["coordinator"]


def test_a_dead_letter_of_an_earlier_version_that_is_taken_up_again_is_passed_on(
    office: SmallOffice, smtp: SmtpSink, run: Run
) -> None:
    just_assigned(office)
    run(office, "2026-03-02T10:21")
    close(office, "mediator")
    smtp.received.clear()
    with transaction(office.engine) as connection:
        connection.execute(
            text("UPDATE message SET sent_at = NULL, next_try_at = :now, attempts = 0 WHERE recipient = :who"),
            {"now": "2026-03-02 02:30:00.000000", "who": office.accounts["mediator"]},
        )
        connection.execute(text("DELETE FROM message WHERE recipient = :who"), {"who": office.accounts["supervisor"]})
    run(office, "2026-03-02T10:31")
    assert reached(smtp) == ["supervisor"]
