"""A story: one case written down as JSON, step by step with the local time of each, and told to a database.

The format is documented in `docs/stories.md`. Stories are replayed against an office of their own (`stage`), and the
demo tells its cases through the same `Teller`.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeVar

from annotated_types import MinLen
from pydantic import ConfigDict, TypeAdapter, ValidationError
from sqlalchemy import Connection, Engine, select

from cases.execute import CaseNotFound, Opened, execute, open_case
from cases.office import USUAL_PROFILES, OfficeContext, establish
from cases.policies import shipped_files
from cases.tables import Clock, Link, Participant, Party, PersonalText, Task, Waiver
from infra.columns import Row
from infra.db import transaction
from people.deputies import name_deputy
from people.directory import person
from people.posts import give_post, places, posts_of
from people.staffing import add_account
from people.units import add_unit
from workflow.calendar import NoSuchTime, WorkCalendar
from workflow.commands import Command, Intake, adapter_of
from workflow.fields import OF_PEOPLE
from workflow.model import TIMERS, AccountId, Actor, CaseId, Role, UnitId
from workflow.policy_files import policy_from
from workflow.procedures import COMMANDS
from workflow.shapes import shapes
from workflow.unseen import has_lone_surrogate

T = TypeVar("T")

#: Units and roles of one person, the first being what the account is made for.
Posts = tuple[tuple[str, Role], ...]
#: Everyone a story may name without introducing them.
CAST: Mapping[str, Posts] = {
    "clerk": (("centre", Role.CLERK),),
    "coordinator": (("centre", Role.COORDINATOR),),
    "duty_leader": (("centre", Role.SUPERVISOR),),
    "assessor": (("centre", Role.ASSESSOR),),
    "upstream": (("upstream", Role.SUPERVISOR),),
    "supervisor": (("room", Role.SUPERVISOR),),
    "mediator": (("room", Role.MEDIATOR),),
    "mediator_2": (("room", Role.MEDIATOR),),
    "mediator_3": (("room", Role.MEDIATOR),),
    "mediator_4": (("room", Role.MEDIATOR),),
    "bureau": (("bureau", Role.COORDINATOR),),
}
UNITS = (
    ("upstream", "upstream", None),
    ("centre", "centre", "upstream"),
    ("room", "unit", "centre"),
    ("bureau", "unit", "centre"),
)


class StoryIsWrong(Exception):
    """A story cannot be told. Says which file, which step and what is wrong with it."""


#: What an intake desk calls such a case, by the profiles of the policy that ships with the program.
Matter = str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryStep:
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    at: str
    by: str
    do: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    role: str | None = None  #: as which of their posts, if it is not the first
    in_place_of: str | None = None  #: for whom a deputy acts


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """Somebody who is away, by whose word who acts meanwhile, from the first day to the last."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    absent: str
    deputy: str
    by: str
    first_day: date
    last_day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """`matter` is mediation, petition, hotline, enterprise, or another that there is a profile for; `until` is how long the timers go on
    after the last step. `people` takes the place of the cast: by name, their posts as "room mediator", the first being what the
    account is made for."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    case: str | int
    matter: Matter
    steps: Annotated[tuple[StoryStep, ...], MinLen(1)]
    title: str = ""
    until: str | None = None
    people: Mapping[str, Annotated[tuple[str, ...], MinLen(1)]] = field(default_factory=dict)
    absences: tuple[Absence, ...] = ()


_STORY: TypeAdapter[Story] = TypeAdapter(Story)


def read_story(path: Path) -> Story:
    """Raises `StoryIsWrong` for a file that is not a story."""
    try:
        read = json.loads(path.read_text("utf-8"))
        if has_lone_surrogate(json.dumps(read, ensure_ascii=False)):
            raise StoryIsWrong(
                f"{path.name}: an escape such as \\ud842 is half of a character: write the character itself"
            )
        return _STORY.validate_python(read)
    except ValidationError as error:
        first = error.errors()[0]
        raise StoryIsWrong(f"{path.name}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except (OSError, ValueError, RecursionError) as error:
        raise StoryIsWrong(f"{path.name}: {error}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """An office that stories happen in: its people and units by the names that stories use."""

    people: Mapping[str, Actor]
    units: Mapping[str, UnitId]


def build_stage(
    connection: Connection, *, now: datetime, matter: Matter | None = None, people: Mapping[str, Posts] = CAST
) -> Stage:
    """The small office of a replay, which takes in the usual matters, and `matter`. It says of itself that it is a simulation."""
    shipped = policy_from(shipped_files(), calendar="cn").profiles
    usual = {shipped[name].matter for name in USUAL_PROFILES}
    other = [name for name, one in shipped.items() if one.matter == matter and matter not in usual][:1]
    establish(
        connection,
        name="滨江园区党群服务中心",
        short_name="滨园",
        now=now,
        profiles=(*USUAL_PROFILES, *other),
        simulation=True,
    )
    units: dict[str, UnitId] = {}
    for unit, kind, parent in UNITS:
        units[unit] = add_unit(
            connection, name=unit, kind=kind, parent=units.get(parent or ""), takes_intake=kind == "centre", now=now
        )
    actors = {}
    for name, ((first, role), *more) in people.items():
        account = add_account(
            connection, unit=units[first], role=role, login=name, name=name, email=f"{name}@example.invalid", now=now
        )
        for where, further in more:
            give_post(connection, account, role=further, unit=units[where], actor=TIMERS, now=now)
        actors[name] = actor_of(connection, account)
    return Stage(people=actors, units=units)


def people_of(story: Story) -> Mapping[str, Posts]:
    """Who is in the office of a story. Raises `StoryIsWrong` for a post that there is not."""
    known = {f"{unit} {role.value}": (unit, role) for unit, *_ in UNITS for role in Role}
    found: dict[str, Posts] = {}
    for name, posts in story.people.items():
        if wrong := [post for post in posts if post not in known]:
            raise StoryIsWrong(
                f"{story.case}: {name}: {wrong[0]!r} is no post: write a unit and a role, as in 'room mediator'"
            )
        found[name] = tuple(known[post] for post in posts)
    return found or CAST


def send_away(connection: Connection, story: Story, stage: Stage, *, calendar: WorkCalendar, now: datetime) -> None:
    """Names the deputies of a story. Raises `StoryIsWrong`, or `Refusal` if they may not act."""
    everybody = places(connection)
    for one in story.absences:
        for name in (one.absent, one.deputy, one.by):
            if name not in stage.people:
                raise StoryIsWrong(f"{story.case}: absences: nobody is called {name!r}")
        absent, deputy, by = (stage.people[name] for name in (one.absent, one.deputy, one.by))
        assert deputy.account is not None, "people of a stage have accounts"
        place = next(place for place in everybody if place.account == absent.account)
        name_deputy(
            connection, place, deputy.account, first=one.first_day, last=one.last_day, calendar=calendar, actor=by, now=now
        )  # fmt: skip


def actor_of(connection: Connection, account: AccountId) -> Actor:
    found = person(connection, account)
    assert found is not None, "the account has just been added"
    return found.actor


class Teller:
    """Tells the steps of one story to a database, one transaction a step."""

    def __init__(self, engine: Engine, office: OfficeContext, stage: Stage, story: Story) -> None:
        self._engine, self._office, self._stage, self._story = engine, office, stage, story
        self.case_id: int | None = None
        self.opened: Opened | None = None

    def moment(self, step: StoryStep) -> datetime:
        return self.instant(step.at)

    def instant(self, text: str) -> datetime:
        try:
            local = datetime.fromisoformat(text)
        except (TypeError, ValueError) as error:
            raise StoryIsWrong(f"{self._story.case}: {text!r} is not a time") from error
        try:
            return local.astimezone(UTC) if local.tzinfo else self._office.policy.calendar.instant_of(local)
        except NoSuchTime as error:
            raise StoryIsWrong(f"{self._story.case}: {text!r} is skipped by the change to summer time") from error

    def tell(self, index: int, *, request: str = "") -> None:
        """Takes step `index` at its time. Raises `StoryIsWrong`, or `Refusal` if the rules refuse the step."""
        step = self._story.steps[index]
        if index and self.moment(step) < self.moment(self._story.steps[index - 1]):
            raise StoryIsWrong(f"{self._story.case}: {step.do} at {step.at} is earlier than the step before it")
        request = request or hashlib.sha256(f"{self._story.case}/{index}".encode()).hexdigest()[:32]
        with transaction(self._engine) as connection:
            command = self._command(connection, step)
            actor = self._actor(connection, step)
            now = self.moment(step)
            if isinstance(command, Intake):
                if self.case_id is not None:
                    raise StoryIsWrong(f"{self._story.case}: {step.do} would open a second case")
                profile = self._office.profile_of(self._story.matter)
                if profile is None:
                    raise StoryIsWrong(f"{self._story.case}: this office takes in no matter {self._story.matter!r}")
                self.opened = open_case(
                    connection, command, profile=profile, actor=actor, now=now, office=self._office, request=request
                )
                self.case_id = self.opened.case_id
                return
            if self.case_id is None:
                raise StoryIsWrong(f"{self._story.case}: {step.do} comes before Register or Apply")
            try:
                execute(
                    connection, self.case_id, command, actor=actor, now=now, expected_version=None, office=self._office,
                    request=request,
                )  # fmt: skip
            except CaseNotFound as error:
                raise StoryIsWrong(f"{self._story.case}: {step.by} does not see this case: {step.do}") from error

    def _actor(self, connection: Connection, step: StoryStep) -> Actor:
        if step.by == "petitioner":
            case = CaseId(self.case_id) if self.case_id is not None else None
            return Actor(account=None, role=Role.PETITIONER, unit=self._stage.units["centre"], case=case)
        own: Actor = self._known(self._stage.people, step.by)
        if (step.role is None and step.in_place_of is None) or (step.in_place_of is None and own.role == step.role):
            return own
        assert own.account is not None, "people of a stage have accounts"
        absent = None if step.in_place_of is None else self._known(self._stage.people, step.in_place_of).account
        for held in posts_of(connection, own.account):
            if held.active and held.stands_in_for == absent and step.role in (None, held.role):
                acting = person(connection, own.account, post=held.id)
                assert acting is not None, "a post of an open account"
                return acting.actor
        raise StoryIsWrong(f"{self._story.case}: {step.by} has no such post at {step.at}: {step.do}")

    def _command(self, connection: Connection, step: StoryStep) -> Command:
        kind = COMMANDS.get(step.do)
        if kind is None:
            raise StoryIsWrong(f"{self._story.case}: there is no command {step.do!r}")
        choices = {shape.name: shape.choice for shape in shapes(kind)}
        values = {name: self._resolved(connection, choices.get(name), value) for name, value in step.fields.items()}
        for name in ("received_at", "happened_at"):
            if name in values:
                values[name] = self.instant(values[name])
        try:
            made = adapter_of(kind).validate_python(values)
        except ValidationError as error:
            first = error.errors()[0]
            raise StoryIsWrong(
                f"{self._story.case}: {step.do}.{'.'.join(map(str, first['loc']))}: {first['msg']}"
            ) from error
        return made

    def _resolved(self, connection: Connection, choice: str | None, value: Any) -> Any:
        """Names of a story as the ids of the record: people, units, and parties (or "all" of them)."""
        match choice:
            case _ if choice in OF_PEOPLE:
                return [self._account(v) for v in value] if isinstance(value, list) else self._account(value)
            case "units" | "co_units":
                return self._known(self._stage.units, value)
            case "parties":
                known = self._parties(connection)
                if value == "all":
                    return list(known.values())
                return [self._known(known, v) for v in value] if isinstance(value, list) else self._known(known, value)
            case "links":
                return self._last(connection, Link) if value == "last" else value
            case "lights":
                name, _, rung = str(value).partition(":")
                return f"{self._last(connection, Clock, name=name)}:{rung}"
            case "waivers" | "rejected_appeals":
                return self._last(connection, Waiver) if value == "last" else value
            case "tasks" | "my_tasks":
                return self._last(connection, Task, **self._asked(value))
            case "participants":
                return self._last(connection, Participant) if value == "last" else value
            case _:
                return value

    def _asked(self, value: str) -> dict[str, Any]:
        """What tells the tasks of a unit, or of a person, from others; the last of all needs nothing."""
        if value == "last":
            return {}
        return {"unit": self._stage.units[value]} if value in self._stage.units else {"person": self._account(value)}

    def _last(self, connection: Connection, table: type[Row], **columns: Any) -> int:
        """The number of the last record of a kind that the case has. Raises `StoryIsWrong` if it has none."""
        row = table.__table__.c  # type: ignore[attr-defined]
        same = [row[name] == value for name, value in columns.items()]
        query = select(row.number).where(row.case_id == self.case_id, *same).order_by(row.number.desc())
        found: int | None = connection.execute(query.limit(1)).scalar()
        if found is None:
            raise StoryIsWrong(f"{self._story.case}: there is no {table.__name__} yet: {columns or 'last'}")
        return found

    def _account(self, name: str) -> int | None:
        return self._known(self._stage.people, name).account

    def _known(self, named: Mapping[str, T], name: str) -> T:
        if name not in named:
            raise StoryIsWrong(f"{self._story.case}: nothing is called {name!r}; known: {', '.join(named)}")
        return named[name]

    def _parties(self, connection: Connection) -> dict[str, int]:
        party, text = Party.__table__.c, PersonalText.__table__.c  # type: ignore[attr-defined]
        rows = connection.execute(
            select(text.content, party.number)
            .join_from(Party, PersonalText, (text.case_id == party.case_id) & (text.number == party.name))
            .where(party.case_id == self.case_id)
            .order_by(party.number)
        )
        return {row.content: row.number for row in rows}
