"""The demo office: everything that can happen has happened, and on its day every desk has something of everything."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

import migrations
from cases import tracking
from cases.facts import load_facts
from cases.office import load_office
from cases.visibility import case, visible_cases
from demo.building import SENT_AFTER, DemoOffice, build_demo
from demo.office import MEDIATORS, SEATS, STAFF, OfficeIsThere
from demo.stories import stories
from infra.db import reading
from ledger.tables import Event, Message
from people.directory import person
from people.tables import Account
from tests.cases.records import postgres_database
from tests.databases import opened
from tests.demo import BUILT_AT, demo_copy, made_with
from workflow.clocks import light, paused_until
from workflow.disputes import DISPUTE_TYPES
from workflow.facts import CaseFacts
from workflow.model import LIGHT_ORDER, TIMERS, UNFILED, Kind, Light, Role
from workflow.procedures import STATES

#: The day after that of `BUILT_AT`, and the last of its week.
SATURDAY, SUNDAY = date(2026, 11, 21), date(2026, 11, 22)
#: One in so many stories of the past is told on both databases: enough that nearly everything happens that happens in all.
SHARE = 5
ALL_LIGHTS = {"green", "yellow", "red"}
#: What a duty clock can show in each state of an open case. Where only the closing window runs, nothing lights.
GRID = {
    ("petition", "registered"): ALL_LIGHTS,
    ("petition", "accepted"): ALL_LIGHTS,
    ("petition", "dispatched"): ALL_LIGHTS,
    ("petition", "handling"): ALL_LIGHTS | {"paused"},
    ("petition", "replied"): {"green"},
    ("mediation", "applied"): ALL_LIGHTS,
    ("mediation", "consent_pending"): ALL_LIGHTS,
    ("mediation", "accepted"): ALL_LIGHTS,
    ("mediation", "mediator_assigned"): ALL_LIGHTS | {"paused"},
    ("mediation", "rights_notified"): ALL_LIGHTS | {"paused"},
    ("mediation", "in_session"): ALL_LIGHTS | {"paused"},
    ("mediation", "settled"): ALL_LIGHTS,
    ("mediation", "terminated"): {"green"},
    ("mediation", "followed_up"): {"green"},
}
OUTCOMES = {
    "resolved", "explained", "assisted", "handled_by_law",
    "settled.written", "settled.oral", "settled.in_part",
    "terminated.party_withdraws", "terminated.no_agreement", "terminated.period_over",
    "terminated.concealment_or_sham", "terminated.legal_bar",
    "not_accepted.not_competent", "not_accepted.statutory_route", "not_accepted.already_in_hand",
    "not_accepted.final_review_done", "not_accepted.party_refuses",
}  # fmt: skip

_event = Event.__table__.c  # type: ignore[attr-defined]
_message = Message.__table__.c  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    engine: Engine
    made: DemoOffice
    facts: dict[int, CaseFacts]

    @property
    def open(self) -> list[CaseFacts]:
        return [facts for facts in self.facts.values() if facts.closed_at is None]


@pytest.fixture(scope="module")
def demo(demo_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with demo_copy(demo_file, tmp_path_factory.mktemp("demo")) as engine:
        yield _read(engine, made_with(demo_file))


def _read(engine: Engine, made: DemoOffice) -> Demo:
    with reading(engine) as connection:
        ids = connection.execute(visible_cases(TIMERS, case.id).order_by(case.id)).scalars().all()
        loaded = {id_: load_facts(connection, id_, actor=TIMERS) for id_ in ids}
    return Demo(engine=engine, made=made, facts={id_: found[0] for id_, found in loaded.items() if found})


def shown(facts: CaseFacts) -> str:
    """The colour of an open case: paused, or the worst of its running clocks."""
    running = [clock for clock in facts.clocks if clock.stopped_at is None]
    if any(paused_until(clock, at=BUILT_AT) for clock in running):
        return "paused"
    return max((light(clock, at=BUILT_AT) for clock in running), key=LIGHT_ORDER.__getitem__).value


def test_there_are_enough_cases_and_every_state_is_among_them(demo: Demo) -> None:
    assert len(demo.facts) == demo.made.cases >= 320
    assert {facts.state for facts in demo.facts.values()} == set(STATES) - {UNFILED}


def test_every_state_shows_every_light_that_it_can(demo: Demo) -> None:
    grid: dict[tuple[str, str], set[str]] = defaultdict(set)
    for facts in demo.open:
        grid[facts.procedure, facts.state].add(shown(facts))
    assert {place: GRID[place] - lights for place, lights in grid.items()} == {place: set() for place in GRID}


def test_every_light_has_been_lit_and_kept_and_waived(demo: Demo) -> None:
    clocks = [clock for facts in demo.facts.values() for clock in facts.clocks if clock.kind is Kind.DUTY]
    assert {light(clock, at=BUILT_AT) for clock in clocks} == set(Light)
    assert sum(clock.waived for clock in clocks) >= 10
    assert {clock.rule for clock in clocks if clock.outcome == "extended"} == {"MED-02", "PET-05", "HOT-07", "ENT-01c"}


def test_every_open_case_has_a_holder_and_a_running_clock(demo: Demo) -> None:
    assert demo.open
    for facts in demo.open:
        assert facts.holder_unit is not None
        assert any(clock.stopped_at is None for clock in facts.clocks)
    with reading(demo.engine) as connection:
        undated = visible_cases(TIMERS, func.count()).where(case.closed_at.is_(None), case.next_due_at.is_(None))
        assert connection.execute(undated).scalar_one() == 0


def test_every_end_and_every_type_of_dispute_occurs_a_few_times(demo: Demo) -> None:
    outcomes = Counter(facts.outcome for facts in demo.facts.values() if facts.closed_at)
    types = Counter(facts.dispute_type for facts in demo.facts.values())
    assert set(outcomes) == OUTCOMES
    assert set(types) == set(DISPUTE_TYPES)
    assert min(outcomes.values()) >= 2
    assert min(types.values()) >= 3


def test_what_happens_along_the_way_happens_too(demo: Demo) -> None:
    appointments = [one for facts in demo.facts.values() for one in facts.appointments]
    answered = [facts for facts in demo.facts.values() if "answered" in facts.milestones]
    assert sum(facts.received_at < facts.registered_at for facts in demo.facts.values()) >= 10  # type: ignore[operator]  # both are set
    assert any(one.until_at for one in appointments)
    assert {one.disclosure for one in appointments} == {"none", "open", "kept"}
    assert 0 < sum("rated" in facts.milestones for facts in answered) < len(answered)
    assert sum(facts.extension_asked is not None for facts in demo.open) >= 2


@pytest.mark.parametrize("login", [*MEDIATORS, SEATS[Role.CLERK], SEATS[Role.COORDINATOR], SEATS[Role.SUPERVISOR]])
def test_every_desk_has_something_overdue_due_today_this_week_later_and_paused(demo: Demo, login: str) -> None:
    assert {"overdue", "today", "this_week", "later", "paused"} <= set(_groups(demo, login))


def _groups(demo: Demo, login: str) -> Counter[str]:
    found: Counter[str] = Counter()
    with reading(demo.engine) as connection:
        account = connection.execute(select(Account.id).where(Account.login == login)).scalar_one()  # type: ignore[call-overload]  # columns
        someone = person(connection, account)
        assert someone
        calendar = load_office(connection).policy.calendar
        query = visible_cases(someone.actor, case.next_due_at, case.paused_until).where(case.closed_at.is_(None))
        for row in connection.execute(query):
            if row.paused_until and row.paused_until > BUILT_AT:
                found["paused"] += 1
            elif row.next_due_at <= BUILT_AT:
                found["overdue"] += 1
            elif row.next_due_at <= calendar.start_of(SATURDAY):
                found["today"] += 1
            else:
                found["this_week" if row.next_due_at <= calendar.end_of(SUNDAY) else "later"] += 1
    return found


def test_numbers_have_no_gaps_and_rise_with_time(demo: Demo) -> None:
    with reading(demo.engine) as connection:
        rows = connection.execute(
            visible_cases(TIMERS, case.series, case.year, case.serial).order_by(case.registered_at, case.id)
        ).all()
    serials: dict[tuple[str, int], list[int]] = defaultdict(list)
    for row in rows:
        serials[row.series, row.year].append(row.serial)
    assert {series for series, _ in serials} == {"人调字", "访字", "热线字", "企单字"}
    assert {year for _, year in serials} == {2025, 2026}
    for issued in serials.values():
        assert issued == list(range(1, len(issued) + 1))


def test_the_ledger_is_in_the_order_of_time_and_ends_by_now(demo: Demo) -> None:
    with reading(demo.engine) as connection:
        rows = connection.execute(
            select(_event.stream, _event.code, _event.occurred_at, _event.recorded_at).order_by(_event.id)
        ).all()
    assert [row.recorded_at for row in rows] == sorted(row.recorded_at for row in rows)
    assert max(row.recorded_at for row in rows) <= BUILT_AT
    late = {id_ for id_, facts in demo.facts.items() if facts.received_at < facts.registered_at}  # type: ignore[operator]  # both are set
    assert {row.stream for row in rows if row.occurred_at != row.recorded_at} <= late


def test_mails_of_the_past_count_as_sent_and_those_of_the_last_days_wait(demo: Demo) -> None:
    with reading(demo.engine) as connection:
        rows = connection.execute(
            select(_message.recorded_at, _message.next_try_at, _message.sent_at, _message.bundle)
        ).all()
    old = [row for row in rows if row.recorded_at < BUILT_AT - SENT_AFTER]
    young = [row for row in rows if row.recorded_at >= BUILT_AT - SENT_AFTER]
    assert old
    assert young
    assert all(row.next_try_at is None and row.sent_at == row.recorded_at for row in old)
    assert all((row.next_try_at or row.bundle == "daily") and row.sent_at is None for row in young)


def test_there_is_a_seat_for_each_role_and_a_code_for_the_petitioner(demo: Demo) -> None:
    assert set(demo.made.accounts) == {role for role in Role if role not in (Role.PETITIONER, Role.SYSTEM)}
    with reading(demo.engine) as connection:
        for role, account in demo.made.accounts.items():
            found = person(connection, account)
            assert found
            assert found.actor.role is role
        case_id = tracking.case_of(connection, demo.made.code)
    assert case_id
    assert demo.facts[case_id].state == "replied"
    assert "rated" not in demo.facts[case_id].milestones


def test_nobody_can_be_written_to_and_two_languages_are_spoken() -> None:
    assert len(STAFF) == len({one.login for one in STAFF}) == 19
    assert {one.language for one in STAFF} == {"zh_CN", "en"}


def test_the_same_seed_tells_the_same_stories_and_another_seed_others(demo: Demo) -> None:
    with reading(demo.engine) as connection:
        office = load_office(connection)
    told = stories(office, now=BUILT_AT, seed=1)
    assert told == stories(office, now=BUILT_AT, seed=1)
    assert told != stories(office, now=BUILT_AT, seed=2)
    assert all(step.at <= "2026-11-20T12:00" for story in told for step in story.steps)


def test_a_demo_is_not_built_beside_an_office(demo: Demo) -> None:
    with pytest.raises(OfficeIsThere):
        build_demo(demo.engine, now=BUILT_AT)


def test_postgresql_holds_the_same_demo(demo: Demo, postgres: str, tmp_path: Path) -> None:
    with (
        postgres_database(postgres) as (_, url),
        opened(url) as target,
        opened(f"sqlite:///{tmp_path / 'a.db'}") as file,
    ):
        one, other = _a_share(file), _a_share(target)
        assert other.made == one.made
        assert _without_secrets(other) == _without_secrets(one)
        assert len(_codes(one)) > 0.9 * len(_codes(demo))
        assert {facts.state for facts in one.facts.values()} == {facts.state for facts in demo.facts.values()}


def _a_share(engine: Engine) -> Demo:
    migrations.upgrade(engine)
    return _read(engine, build_demo(engine, now=BUILT_AT, share=SHARE))


def _codes(demo: Demo) -> set[str]:
    """The kinds of events there are."""
    with reading(demo.engine) as connection:
        return set(connection.execute(select(_event.code).distinct()).scalars())


def _without_secrets(demo: Demo) -> Any:
    """Everything that does not hang on random ids and salts: the facts of every case, and the order of the ledger."""
    with reading(demo.engine) as connection:
        events = connection.execute(
            select(_event.stream, _event.seq, _event.code, _event.recorded_at).order_by(_event.id)
        ).all()
    return demo.facts, [tuple(row) for row in events]
