"""The demo's stories: a past in which everything that can happen to a case has happened, and a present for every desk.

The past is random by its seed, dealt from decks so that nothing is left out. The present is arranged: for each state and
light, and for each mediator's work list, a case whose clocks stand so on the day of the demo. Stories are values; telling
them is `demo.py`.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any, Generic, TypeVar

from cases.office import OfficeContext
from demo import lives as life
from demo import mediations as mediation
from demo.office import MEDIATORS, MEDIATORS_OF, ROOM_CLERK
from demo.script import Script, policy_for, start_for, working_day_before
from demo.texts import TOPICS
from stories.story import Matter, Story
from workflow.model import Light, State
from workflow.procedures.mediation.states import MediationState
from workflow.procedures.petition.states import PetitionState

HISTORY: Mapping[Matter, int] = {"mediation": 110, "petition": 78, "hotline": 74, "enterprise": 40}
BEGINS_ON = date(2025, 1, 2)
REFUSALS = ("not_competent", "statutory_route", "already_in_hand", "final_review_done")
PETITION_ENDINGS = (
    *["resolved"] * 8, *["explained"] * 5, *["assisted"] * 5, *["handled_by_law"] * 2,
    *(f"not_accepted.{ground}" for ground in REFUSALS),
)  # fmt: skip
MEDIATION_ENDINGS = (
    *["settled.written"] * 9, *["settled.oral"] * 4, *["settled.in_part"] * 2, "terminated.party_withdraws",
    *["terminated.no_agreement"] * 2, "terminated.period_over", "terminated.concealment_or_sham",
    "terminated.legal_bar", *["not_accepted.party_refuses"] * 2, "not_accepted.not_competent",
    "not_accepted.statutory_route",
)  # fmt: skip
LIGHTS = (Light.GREEN, Light.YELLOW, Light.RED)
T = TypeVar("T")


class Deck(Generic[T]):
    """Deals every card once before any comes again."""

    def __init__(self, cards: Sequence[T], rng: Random) -> None:
        self._cards, self._rng, self._left = cards, rng, list[T]()

    def deal(self) -> T:
        if not self._left:
            self._left = self._rng.sample(self._cards, len(self._cards))
        return self._left.pop()


def stories(office: OfficeContext, *, now: datetime, seed: int, share: int = 1, present: bool = True) -> list[Story]:
    """Every story of the demo as far as it has come by `now`; of the past one in `share`. The same for the same `now` and
    seed."""
    teller = _Desk(office, now=now, seed=seed)
    scripts = [*list(teller.past())[::share], *(teller.present() if present else ())]
    return [story for script in scripts if (story := script.story(until=now))]


class _Desk:
    """Where scripts are begun: it knows the day, and deals topics and people so that all have their turn."""

    def __init__(self, office: OfficeContext, *, now: datetime, seed: int) -> None:
        self._office, self._seed, self._begun = office, seed, 0
        self._calendar = office.policy.calendar
        self._now = now.astimezone(self._calendar.zone)
        self._today = self._now.date()
        #: The last working day that is over: what happens on it has happened, at whatever hour the demo is made.
        self._recent = working_day_before(self._calendar, self._today)
        self._rng = Random(seed)  # noqa: S311 (stories, not secrets)
        self._topics = {matter: Deck(topics, self._rng) for matter, topics in TOPICS.items()}
        self._mediators = Deck(MEDIATORS, self._rng)

    def _script(self, matter: Matter, at: datetime) -> Script:
        self._begun += 1
        return Script(
            name=f"demo-{self._seed}-{self._begun}",
            matter=matter,
            topic=self._topics[matter].deal(),
            at=at,
            office=self._office,
            rng=Random(f"{self._seed}/{self._begun}"),  # noqa: S311 (stories, not secrets)
        )

    def _on(self, matter: Matter, day: date) -> Script:
        """A script that begins in the morning of that day."""
        return self._script(matter, datetime.combine(day, time(8, 35), tzinfo=self._calendar.zone))

    # -- the past --

    def past(self) -> Iterator[Script]:
        """Whole lives, spread evenly from the first day until now; the youngest have not come to their end."""
        matters = [matter for matter, count in HISTORY.items() for _ in range(count)]
        self._rng.shuffle(matters)
        petitions, mediations = Deck(PETITION_ENDINGS, self._rng), Deck(MEDIATION_ENDINGS, self._rng)
        begins = self._calendar.start_of(BEGINS_ON)
        span = self._now - begins
        for number, matter in enumerate(matters):
            script = self._script(matter, self._local(begins + span * ((number + self._rng.random()) / len(matters))))
            if matter == "mediation":
                mediation.mediation_life(script, mediations.deal())
            else:
                life.petition_life(script, petitions.deal())
            yield script

    def _local(self, moment: datetime) -> datetime:
        return moment.astimezone(self._calendar.zone)

    # -- the present --

    def present(self) -> Iterator[Script]:
        for light in LIGHTS:
            for order in (PetitionState.REGISTERED, PetitionState.ACCEPTED, PetitionState.DISPATCHED):
                yield self._order_in(order, light)
            for state in (MediationState.APPLIED, MediationState.CONSENT_PENDING):
                yield self._applied(state, light)
            for state in (
                MediationState.ACCEPTED,
                MediationState.MEDIATOR_ASSIGNED,
                MediationState.RIGHTS_NOTIFIED,
                MediationState.IN_SESSION,
            ):
                yield self._mediation_in(state, light)
            yield self._settled(light)
        for state in (MediationState.MEDIATOR_ASSIGNED, MediationState.RIGHTS_NOTIFIED, MediationState.IN_SESSION):
            yield self._paused_mediation(state)
        for mediator in MEDIATORS:
            yield from self._work_list(mediator)
        for days in (1, 6, 14, 20):
            yield self._replied(days)
            yield self._terminated(days)
            yield self._followed_up(days)
        yield from self._waiting_for_somebody()

    def _due(self, light: Light) -> list[date]:
        """Last days in time, in working days, on which a clock of some days shows this light now."""
        coming = self._calendar.next_working_day(self._today)
        over = [working_day_before(self._calendar, self._today, nth=n) for n in (1, 2, 3)]
        later = [self._calendar.nth_working_day_after(self._recent, n) for n in (4, 3)]
        return {Light.GREEN: later, Light.YELLOW: [coming], Light.RED: self._rng.sample(over, 3)}[light]

    def _start(self, matter: Matter, clock: str, due_on: Sequence[date]) -> date:
        policy = policy_for(self._office, matter)
        found = start_for(policy, clock, due_on)
        return min(found or self._recent, self._recent)

    def _order_in(self, state: State, light: Light) -> Script:
        s = self._on("hotline", self._start("hotline", "order", self._due(light)))
        life.come_in(s)
        if state == PetitionState.REGISTERED:
            return s
        s.wait(5, 30)
        life.accept(s)
        if state == PetitionState.DISPATCHED:
            s.to_day(self._recent)
            life.assign(s)
        return s

    def _work_list(self, mediator: str) -> Iterator[Script]:
        """In hand with one person: overdue, due today, this week, later, and paused."""
        sunday = self._today + timedelta(days=6 - self._today.weekday())
        week = [self._today + timedelta(days=n) for n in range(1, (sunday - self._today).days + 1)]
        over = [working_day_before(self._calendar, self._today, nth=n) for n in (1, 2, 4)]
        yield self._in_hand(mediator, self._rng.sample(over, 3))
        yield self._in_hand(mediator, [self._today])
        yield self._in_hand(mediator, week or [self._today + timedelta(days=1)])
        yield self._in_hand(mediator, [self._today + timedelta(days=self._rng.randint(16, 40))], orders=False)
        yield self._paused(mediator)

    def _in_hand(self, mediator: str, due_on: Sequence[date], *, orders: bool = True) -> Script:
        """An order counted in working days if it can be due then, else a petition counted in days."""
        working = [day for day in due_on if self._calendar.is_working_day(day)] if orders else []
        matter: Matter = "hotline" if working else "petition"
        start = self._start(matter, "order" if working else "decision", working or due_on)
        s = self._on(matter, start)
        life.come_in(s)
        s.wait(5, 20)
        life.accept(s)
        s.wait(5, 20)
        life.take_up(s, to=mediator)
        return s

    def _paused(self, mediator: str) -> Script:
        s = self._on("hotline", working_day_before(self._calendar, self._recent, nth=2))
        life.come_in(s)
        s.wait(5, 20)
        life.accept(s)
        life.take_up(s, to=mediator)
        s.to_day(self._recent)
        self._suspend(s, "measurement")
        return s

    def _suspend(self, s: Script, ground: str, **fields: Any) -> None:
        until = self._today + timedelta(days=s.rng.randint(1, 6))
        s.do(s.handler, "Suspend", ground=ground, until=f"{until}", note="等待第三方出具意见。", **fields)

    def _applied(self, state: State, light: Light) -> Script:
        start = self._recent if light is Light.GREEN else self._start("mediation", "intake", self._due(light))
        s = self._on("mediation", start)
        life.come_in(s, by=ROOM_CLERK)
        if state == MediationState.CONSENT_PENDING:
            s.wait(10, 40)
            mediation.seek_consent(s)
        return s

    def _mediation_in(self, state: State, light: Light, *, mediator: str | None = None) -> Script:
        """A mediation whose period, begun by the acceptance, shows this light."""
        first, last = {Light.GREEN: (12, 15), Light.YELLOW: (1, 6), Light.RED: (-7, -1)}[light]
        days = [self._today + timedelta(days=n) for n in range(first, last + 1)]
        accepted_on = self._start("mediation", "period", self._rng.sample(days, len(days)))
        s = self._on("mediation", working_day_before(self._calendar, accepted_on))
        life.come_in(s, by=ROOM_CLERK)
        s.wait(10, 40)
        mediation.seek_consent(s)
        s.to_day(accepted_on)
        mediation.consents(s)
        mediation.accept_mediation(s)
        if state == MediationState.ACCEPTED:
            return s
        s.wait(10, 40)
        mediation.appoint(s, chief=mediator or self._mediators.deal())
        if state == MediationState.MEDIATOR_ASSIGNED:
            return s
        s.wait(10, 40)
        mediation.notify_rights(s)
        if state == MediationState.IN_SESSION:
            s.work_days(1, 2)
            mediation.hold_session(s)
        return s

    def _paused_mediation(self, state: State) -> Script:
        s = self._mediation_in(state, Light.GREEN)
        s.to_day(self._recent)
        self._suspend(s, "appraisal", consenting="all")
        return s

    def _agreed(self, settled_on: date, performed_on: date) -> Script:
        s = self._on("mediation", working_day_before(self._calendar, settled_on, nth=8))
        life.come_in(s, by=ROOM_CLERK)
        s.work_days(1, 1)
        mediation.consents(s)
        mediation.accept_mediation(s)
        mediation.to_the_table(s)
        s.to_day(settled_on)
        mediation.settle(s, "written", performed_on=performed_on)
        return s

    def _settled(self, light: Light) -> Script:
        if light is Light.GREEN:
            return self._agreed(self._recent, self._today + timedelta(days=self._rng.randint(5, 15)))
        performed_on = self._start("mediation", "follow_up", self._due(light))
        return self._agreed(working_day_before(self._calendar, performed_on, nth=3), performed_on)

    def _followed_up(self, days: int) -> Script:
        done = working_day_before(self._calendar, self._today, nth=days)
        settled_on = working_day_before(self._calendar, done, nth=4)
        s = self._agreed(settled_on, working_day_before(self._calendar, done, nth=2))
        s.to_day(done)
        mediation.follow_up(s)
        return s

    def _terminated(self, days: int) -> Script:
        s = self._on("mediation", working_day_before(self._calendar, self._today, nth=days + 8))
        life.come_in(s, by=ROOM_CLERK)
        s.work_days(1, 1)
        mediation.consents(s)
        mediation.accept_mediation(s)
        mediation.to_the_table(s)
        s.to_day(working_day_before(self._calendar, self._today, nth=days))
        mediation.terminate(s, s.pick(("no_agreement", "party_withdraws")))
        return s

    def _replied(self, days: int) -> Script:
        s = self._on("hotline", working_day_before(self._calendar, self._today, nth=days + 3))
        life.come_in(s)
        s.wait(5, 20)
        life.accept(s)
        life.take_up(s, to=self._mediators.deal())
        s.to_day(working_day_before(self._calendar, self._today, nth=days))
        life.reply(s)
        return s

    def _waiting_for_somebody(self) -> Iterator[Script]:
        """For each unit an order that nobody has signed for; two extensions asked for; a disclosure to be answered."""
        for unit, people in MEDIATORS_OF.items():
            s = self._on("petition" if unit == "room" else "hotline", self._recent)
            life.come_in(s)
            s.wait(5, 20)
            life.accept(s)
            s.wait(5, 20)
            life.assign(s, to=people[0], named=False)
            yield s
        for mediator in (self._mediators.deal(), self._mediators.deal()):
            s = self._in_hand(mediator, [self._calendar.nth_working_day_after(self._recent, 2)])
            s.to_day(self._recent)
            s.do(mediator, "RequestExtension", to_length=15, reason="需等待检测结果。")
            yield s
        s = self._mediation_in(MediationState.MEDIATOR_ASSIGNED, Light.GREEN)
        s.to_day(self._recent)
        mediation.disclose(s)
        yield s
