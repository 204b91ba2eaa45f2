"""Builds the demo: an office with a past of hundreds of cases, told through the one door in the order of time.

Every step is a command like any other, every light is noticed by the sweep at its own instant, so that numbers, ledgers
and lists look as they would if the office had been at work since January 2025. What happens is in `demo_stories.py`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from operator import itemgetter

from sqlalchemy import Engine, update

from cases.office import load_office
from cases.tally import keep_up
from cases.visibility import case, visible_cases
from demo.assessment import Assessment
from demo.office import SEATS, found_demo_office
from demo.stories import stories
from infra.db import reading, transaction
from ledger.tables import Message
from stories.replay import run_timers
from stories.story import Story, Teller
from workflow.model import TIMERS, AccountId, Role
from workflow.procedures.petition.states import PetitionState

ECHO = 0x56DE_97F3  #: 回音
FOUNDED_AT = datetime(2025, 1, 1, tzinfo=UTC)
#: Mails older than this count as sent: a demo must not begin by writing thousands of them.
SENT_AFTER = timedelta(days=3)

_message = Message.__table__.c  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOffice:
    """What a visitor needs: one account for each role, and the tracking code of an answered case not rated yet."""

    accounts: Mapping[Role, AccountId]
    code: str
    cases: int
    steps: int


def build_demo(
    engine: Engine, *, now: datetime, seed: int = ECHO, share: int = 1, present: bool = True, assessed: bool = True
) -> DemoOffice:
    """Fills a migrated database that holds no office. Nothing in it happens after `now`; the same seed tells the same.
    One in `share` of the stories of the past is told. Not `present`: without the cases that are there to be looked at today.
    Not `assessed`: nobody appeals and no year is closed.

    `now` should be months after January 2025. Raises `demo.office.OfficeIsThere`; a `workflow.model.Refusal` is a
    mistake in the stories.
    """
    with transaction(engine) as connection:
        stage = found_demo_office(connection, now=FOUNDED_AT)
    with reading(engine) as connection:
        office = load_office(connection)
    told = stories(office, now=now, seed=seed, share=share, present=present)
    tellers = [Teller(engine, office, stage, story) for story in told]
    steps = _in_order(tellers, told)
    acts: list[tuple[datetime, Callable[[datetime], None]]] = [
        (moment, partial(_tell, tellers[number], index)) for moment, number, index in steps
    ]
    if assessed:
        acts += [act for act in Assessment(engine, office, stage).acts(until=now) if act[0] <= now]
    since = FOUNDED_AT
    for moment, act in sorted(acts, key=itemgetter(0)):
        run_timers(engine, office, since, moment)
        act(moment)
        since = moment
    run_timers(engine, office, since, now)
    _count_as_sent(engine, before=now - SENT_AFTER)
    keep_up(engine, office.policy.calendar)
    people = {role: stage.people[login].account for role, login in SEATS.items()}
    return DemoOffice(
        accounts={role: account for role, account in people.items() if account is not None},
        code=_code_to_show(engine, tellers),
        cases=len(told),
        steps=len(steps),
    )


def _tell(teller: Teller, index: int, _moment: datetime) -> None:
    teller.tell(index)


def _in_order(tellers: list[Teller], told: list[Story]) -> list[tuple[datetime, int, int]]:
    """Every step of every story by time: when, of which story, which step."""
    return sorted(
        (teller.moment(step), number, index)
        for number, (teller, story) in enumerate(zip(tellers, told, strict=True))
        for index, step in enumerate(story.steps)
    )


def _count_as_sent(engine: Engine, *, before: datetime) -> None:
    with transaction(engine) as connection:
        connection.execute(
            update(Message)
            .where(_message.recorded_at < before)
            .values(next_try_at=None, sent_at=_message.recorded_at, attempts=1)
        )


def _code_to_show(engine: Engine, tellers: list[Teller]) -> str:
    """Of the youngest case that has been answered and waits for a rating."""
    answered = visible_cases(TIMERS, case.id).where(
        case.state == PetitionState.REPLIED.value, ~case.milestones.contains("rated")
    )
    with reading(engine) as connection:
        waiting = set(connection.execute(answered).scalars())
    return max((t.opened.case_id, t.opened.code) for t in tellers if t.opened and t.opened.case_id in waiting)[1]
