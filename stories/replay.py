"""Replays stories in fresh databases with a virtual clock, and says what Huiyin makes of each."""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, func, select

import migrations
from cases.facts import load_facts
from cases.office import OfficeContext, load_office
from cases.signing import sign_by_time
from cases.sweep import sweep
from cases.tables import Clock
from infra.db import open_engine, reading, transaction
from ledger.tables import Message
from people.posts import begin_and_end
from reports.years.assessment import counts_of_case, points_of
from stories.story import Story, Teller, build_stage, people_of, send_away
from workflow.clocks import due_on, light, red_at, yellow_at
from workflow.model import TIMERS
from workflow.model import Clock as ClockValue
from workflow.policy import Policy
from workflow.scoring import score

FOUNDED = datetime.fromisoformat("2000-01-01T00:00:00+00:00")

_clock = Clock.__table__.c  # type: ignore[attr-defined]


class CrossingNotRecorded(Exception):
    """The sweep stepped over a clock: a replay that went on would not show what the record shows."""


def replay(story: Story, *, sweeping: bool = True, ladder: str | None = None) -> dict[str, Any]:
    """One JSON object for the case. With `sweeping` the sweep runs at every stored crossing; without, only at the end.
    With `ladder`, duties light by that ladder instead of the profile's own.

    Raises `NoSuchLadder`, `stories.story.StoryIsWrong`, or `workflow.model.Refusal` when the rules refuse a step.
    """
    with tempfile.TemporaryDirectory(prefix="huiyin-replay-") as folder:
        engine = open_engine(f"sqlite:///{Path(folder) / 'replay.db'}")
        try:
            return _replay(engine, story, sweeping=sweeping, ladder=ladder)
        finally:
            engine.dispose()


def _replay(engine: Engine, story: Story, *, sweeping: bool, ladder: str | None) -> dict[str, Any]:
    migrations.upgrade(engine)
    with transaction(engine) as connection:
        stage = build_stage(connection, now=FOUNDED, matter=story.matter, people=people_of(story))
        office = load_office(connection)
    if ladder:
        office = replace(office, policy=with_ladder(office.policy, ladder))
    teller = Teller(engine, office, stage, story)
    told_at = teller.moment(story.steps[0])
    with transaction(engine) as connection:
        send_away(connection, story, stage, calendar=office.policy.calendar, now=told_at)
    for index, step in enumerate(story.steps):
        if sweeping:
            run_timers(engine, office, told_at, teller.moment(step))
        else:
            _sign_until(engine, office, teller.moment(step))
        begin_and_end(engine, now=teller.moment(step))
        teller.tell(index)
        told_at = teller.moment(step)
    end = teller.instant(story.until) if story.until else told_at
    if sweeping:
        run_timers(engine, office, told_at, end)
    else:
        _sign_until(engine, office, end)
    sweep(engine, now=end)
    return _outcome(engine, office, story, teller, at=end)


def with_ladder(policy: Policy, ladder: str) -> Policy:
    """The policy with one ladder for every profile. Raises `NoSuchLadder`."""
    known = policy.ladder(ladder)
    profiles = {name: replace(profile, ladder=known.id) for name, profile in policy.profiles.items()}
    return replace(policy, profiles=profiles, _views={})


def run_timers(engine: Engine, office: OfficeContext, since: datetime, until: datetime) -> None:
    """Runs the sweep at each instant at which something crosses, and signs by time, as the timers would have. What came
    true before `since` (a letter registered late) is noticed at `since`: nobody can have noticed it before."""
    for moment in _crossings(engine, until):
        begin_and_end(engine, now=max(moment, since))
        if failed := sweep(engine, now=max(moment, since)).failed:
            raise CrossingNotRecorded(failed)
        sign_by_time(engine, office, now=max(moment, since))


def _sign_until(engine: Engine, office: OfficeContext, until: datetime) -> None:
    """Signs by time at each instant at which the time for signing is over."""
    over = select(func.min(_clock.due_at)).where(
        _clock.name == "signing", _clock.stopped_at.is_(None), _clock.due_at <= until
    )
    while True:
        with reading(engine) as connection:
            found = connection.execute(over).scalar()
        if found is None or not sign_by_time(engine, office, now=found):
            return


def _crossings(engine: Engine, until: datetime) -> Iterator[datetime]:
    while True:
        with reading(engine) as connection:
            found = connection.execute(
                select(func.min(_clock.next_crossing_at)).where(_clock.next_crossing_at <= until)
            ).scalar()
        if found is None:
            return
        yield found


def _outcome(engine: Engine, office: OfficeContext, story: Story, teller: Teller, *, at: datetime) -> dict[str, Any]:
    assert teller.case_id is not None, "a story opens a case"
    with reading(engine) as connection:
        loaded = load_facts(connection, teller.case_id, actor=TIMERS)
        own = counts_of_case(connection, teller.case_id, actor=TIMERS, office=office)
        mails = connection.execute(select(func.count()).select_from(Message)).scalar_one()
    assert loaded is not None
    return {
        "case": story.case,
        "clocks": [_clock_line(clock, office, at) for clock in loaded[0].clocks],
        "points": {office.own_scheme: float(points_of(own, office.scheme()))},
        "scores": {name: _figure(score(own, scheme).total) for name, scheme in office.policy.schemes.items()},
        "mails": mails,
    }


def _figure(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _clock_line(clock: ClockValue, office: OfficeContext, at: datetime) -> dict[str, Any]:
    calendar = office.policy.calendar

    def local(instant: datetime | None) -> str | None:
        return instant.astimezone(calendar.zone).isoformat(timespec="minutes") if instant else None

    return {
        "rule": clock.rule,
        "started_at": local(clock.started_at),
        "due_on": due_on(clock, calendar).isoformat(),
        "yellow_at": local(yellow_at(clock)),
        "red_at": local(red_at(clock)),
        "stopped_at": local(clock.stopped_at),
        "light": light(clock, at=at).value,
        "waived": clock.waived,
    }
