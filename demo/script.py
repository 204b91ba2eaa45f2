"""A script: one story being written down for the demo, with a time that only moves forward through working hours.

It keeps the clocks that the case will have, counted by the rules themselves (`workflow/clocks.py`), so that a story can
aim at a light or stay before a due time. What stories there are is in `demo_stories.py`.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

from cases.office import OfficeContext
from demo.texts import FIRMS, SURNAMES, Topic
from stories.story import Matter, Story, StoryStep
from workflow import clocks as counting
from workflow.calendar import WorkCalendar
from workflow.model import Clock, Light, RecordNumber
from workflow.policy import CasePolicy

MORNING, NOON, AFTERNOON, EVENING = time(8, 30), time(12, 0), time(13, 30), time(17, 30)
#: How far back a start is looked for: no clock of the field that a story aims at is longer.
LOOK_BACK_DAYS = 400


def policy_for(office: OfficeContext, matter: Matter) -> CasePolicy:
    """The policy that a matter of the demo runs under."""
    profile = office.profile_of(matter)
    assert profile is not None, "the demo office takes in every kind of matter that its stories tell of"
    return office.policy.for_profile(profile)


class Script:
    """One story. `at` is the local time of the next step."""

    def __init__(
        self, *, name: str, matter: Matter, topic: Topic, at: datetime, office: OfficeContext, rng: Random
    ) -> None:
        self.name, self.matter, self.rng = name, matter, rng
        self.policy = policy_for(office, matter)
        self.calendar = self.policy.calendar
        self.clocks: dict[str, Clock] = {}
        self.paused_days = 0  #: by which the period ends later than `clocks` says
        self.topic = self._filled(topic)
        self.clerk, self.handler, self.unit = "", "", ""
        self.respondents: list[str] = []
        self.panel: list[str] = []
        self._steps: list[StoryStep] = []
        self.at = self._at_work(at.replace(second=0, microsecond=0))

    def _filled(self, topic: Topic) -> Topic:
        """The topic with names, numbers and amounts in it; the names of a case differ from each other."""
        surnames = self.rng.sample(SURNAMES, 5)
        self.people = [surname + self.rng.choice(("某", "某某")) for surname in surnames]
        self.applicant = self.rng.choice(FIRMS) if self.matter == "enterprise" else self.people.pop()
        other = self.people.pop()
        values = {"b": other, "n": self.rng.randint(2, 28), "yuan": self.rng.randint(2, 90) * 100}
        return Topic(*(part.format(**values) for part in topic))

    # -- time --

    @property
    def today(self) -> date:
        return self.at.date()

    def wait(self, low: int, high: int) -> None:
        """Some minutes pass, and the rest of the noon break or of the night if they end in one."""
        self.at = self._at_work(self.at + timedelta(minutes=self.rng.randint(low, high)))

    def work_days(self, low: int, high: int) -> None:
        if days := self.rng.randint(low, high):
            self.to_day(self.calendar.nth_working_day_after(self.today, days))
        else:
            self.wait(15, 120)

    def to_day(self, day: date) -> None:
        """Some time before the afternoon of that day, or a little later than now if it is that day already."""
        moment = self._at(day, MORNING) + timedelta(minutes=self.rng.randint(0, 200))
        if moment <= self.at:
            self.wait(5, 20)
        else:
            self.at = self._at_work(moment)

    def aim(self, clock: Clock, light: Light) -> None:
        """A moment at which the clock shows about this light; a little later than now if that is over already."""
        yellow = counting.yellow_at(clock) or clock.due_at
        low, high = {
            Light.GREEN: (self.at, yellow),
            Light.YELLOW: (yellow, clock.due_at),
            Light.RED: (clock.due_at, clock.due_at + timedelta(days=5)),
        }[light]
        moment = low + (high - low) * self.rng.uniform(0.2, 0.85)
        if moment <= self.at:
            self.wait(15, 180)
        else:
            self.at = self._at_work(moment.astimezone(self.calendar.zone).replace(second=0, microsecond=0))

    def _at(self, day: date, clock_time: time) -> datetime:
        return datetime.combine(day, clock_time, tzinfo=self.calendar.zone)

    def _at_work(self, moment: datetime) -> datetime:
        """That moment, or the first after it at which somebody is at work."""
        day, clock_time = moment.date(), moment.time()
        if not self.calendar.is_working_day(day) or clock_time >= EVENING:
            day = self.calendar.nth_working_day_after(day, 1)
            return self._at(day, MORNING) + timedelta(minutes=self.rng.randint(0, 90))
        if clock_time < MORNING:
            return self._at(day, MORNING) + timedelta(minutes=self.rng.randint(0, 90))
        if NOON <= clock_time < AFTERNOON:
            return self._at(day, AFTERNOON) + timedelta(minutes=self.rng.randint(0, 45))
        return moment

    # -- clocks --

    def started(self, *names: str, at: datetime | None = None) -> None:
        """Notes that clocks start, now or at that instant; those that the profile leaves out do not."""
        for name in names:
            began = at or self.at
            if rule := self.policy.rule(name, on=began.date()):
                self.clocks[name] = counting.start(RecordNumber(0), name, rule, self.policy, at=began)

    def lengthened(self, name: str, length: int) -> None:
        rule = replace(self.policy.rule_of(self.clocks[name]), length=length)
        began = self.clocks[name].started_at
        self.clocks[name] = counting.start(RecordNumber(0), name, rule, self.policy, at=began)

    def in_time(self, name: str) -> bool:
        return self.at < self.clocks[name].due_at

    # -- telling --

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def pick(self, texts: Iterable[str]) -> str:
        return self.rng.choice(tuple(texts))

    def do(self, by: str, command: str, **fields: Any) -> None:
        self._note(self.at, by, command, fields)

    def aside(self, hours: float, by: str, command: str, **fields: Any) -> None:
        """A step some hours from now, while the story goes on: people answer in their own time."""
        self._note(self.at + timedelta(hours=hours), by, command, fields)

    def _note(self, at: datetime, by: str, command: str, fields: dict[str, Any]) -> None:
        said = {name: value for name, value in fields.items() if value is not None}
        self._steps.append(StoryStep(at=f"{at:%Y-%m-%dT%H:%M}", by=by, do=command, fields=said))

    def story(self, *, until: datetime) -> Story | None:
        """What has happened by then; None if nothing has."""
        end = f"{until.astimezone(self.calendar.zone):%Y-%m-%dT%H:%M}"
        steps = tuple(step for step in sorted(self._steps, key=lambda step: step.at) if step.at <= end)
        return Story(case=self.name, matter=self.matter, steps=steps, title=self.topic.title) if steps else None


def start_for(policy: CasePolicy, name: str, due_on: Iterable[date]) -> date | None:
    """A day on which a clock started is due on one of these days: a working day if there is one, else any."""
    calendar = policy.calendar
    other = None
    for last in due_on:
        rule = policy.rule(name, on=last)
        assert rule is not None, "a story only aims at clocks of its profile"
        for back in range(LOOK_BACK_DAYS):
            day = last - timedelta(days=back)
            started = counting.start(RecordNumber(0), name, rule, policy, at=calendar.start_of(day))
            reached = counting.due_on(started, calendar)
            if reached == last:
                if calendar.is_working_day(day):
                    return day
                other = other or day
            elif reached < last:
                break
    return other


def working_day_before(calendar: WorkCalendar, day: date, *, nth: int = 1) -> date:
    """The n-th working day before `day`, which itself is not counted."""
    while nth:
        day -= timedelta(days=1)
        nth -= calendar.is_working_day(day)
    return day
