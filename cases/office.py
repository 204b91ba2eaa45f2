"""The office that a database belongs to, with the policy it runs under: what every command is executed with."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, true

from cases.assessment_tables import YearClose
from cases.policies import policy_in_force, publish, shipped_files
from cases.tables import PolicyVersion
from infra.statements import Statement
from people import tables
from people.staffing import choose_profiles, choose_scheme, found_office
from workflow.model import TIMERS, Actor
from workflow.policy import NoSuchProfile, Policy, Profile, Scheme

_close = YearClose.__table__.c  # type: ignore[attr-defined]
_version = PolicyVersion.__table__.c  # type: ignore[attr-defined]
_office = tables.Office.__table__.c  # type: ignore[attr-defined]
#: The office, once for each version of its policy and each year that is final, and once if none is.
_OFFICE = Statement(
    select(
        _office.name, _office.short_name, _office.calendar, _office.profiles, _office.demo, _office.simulation,
        _office.scheme, _office.clock_doubted_at, _version.number, _version.version, _close.year,
    )
    .join_from(tables.Office, PolicyVersion, true(), isouter=True)
    .join(YearClose, true(), isouter=True)
    # Said although there is no other: PostgreSQL would think of the product of three tables, and compile the statement.
    .where(_office.id == 1)
)  # fmt: skip
#: What an office scores by unless it says otherwise.
USUAL_SCHEME = "LIGHTS-A"
#: What an office takes in unless it says otherwise.
USUAL_PROFILES = ("mediation-30d", "petition", "hotline", "enterprise")


class NoOffice(Exception):
    """The database holds no office yet: run `huiyin init`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficeContext:
    """`profiles` are the profiles the office has chosen, in the order its intake desk sees them; `chosen_scheme` is empty
    until it chooses one."""

    name: str
    short_name: str
    policy: Policy
    profiles: tuple[str, ...]
    demo: bool
    simulation: bool
    chosen_scheme: str = ""
    closed_years: frozenset[int] = frozenset()  #: years whose assessment is final
    clock_doubted_at: datetime | None = None  #: since when the clock is in doubt (`clock_watch.py`)

    def taken_in(self) -> tuple[Profile, ...]:
        """The profiles that matters may be opened under here."""
        return tuple(self.policy.profiles[name] for name in self.profiles if name in self.policy.profiles)

    def profile_of(self, matter: str) -> str | None:
        """The profile of that name, or the first one chosen for that kind of matter; None if there is none."""
        chosen = self.taken_in()
        named = next((profile.id for profile in chosen if profile.id == matter), None)
        return named or next((profile.id for profile in chosen if profile.matter == matter), None)

    @property
    def own_scheme(self) -> str:
        """What the office scores by where nobody asks for another scheme: the one it chose, else the usual one, else the first
        of its policy. Empty if its policy has none."""
        wanted = (self.chosen_scheme, USUAL_SCHEME, *self.policy.schemes)
        return next((name for name in wanted if name in self.policy.schemes), "")

    def scheme(self, name: str = "") -> Scheme:
        """The scheme of that name, without one the office's own. Raises `NoSuchScheme`."""
        return self.policy.scheme(name or self.own_scheme)


def load_office(connection: Connection) -> OfficeContext:
    """Raises `NoOffice` for an empty database, `PolicyIsWrong` for a published policy that cannot be read."""
    rows = _OFFICE.rows(connection)
    if not rows:
        raise NoOffice
    name, short_name, calendar, profiles, demo, simulation, scheme, clock_doubted_at, *_ = rows[0]
    published = dict(sorted((number, version) for *_, number, version, _ in rows))
    return OfficeContext(
        name=name,
        short_name=short_name,
        policy=policy_in_force(connection, [*published.values()], calendar=calendar),
        profiles=tuple(profiles.split()),
        demo=demo,
        simulation=simulation,
        chosen_scheme=scheme or "",
        closed_years=frozenset(year for *_, year in rows if year is not None),
        clock_doubted_at=clock_doubted_at,
    )


def load_closed_years(connection: Connection) -> frozenset[int]:
    """The years whose assessment is final."""
    return frozenset(connection.execute(select(_close.year)).scalars())


def choose(
    connection: Connection, office: OfficeContext, profiles: tuple[str, ...], *, actor: Actor, now: datetime
) -> None:
    """Sets what the office takes in. Raises `NoSuchProfile`."""
    for profile in profiles:
        if profile not in office.policy.profiles:
            raise NoSuchProfile(profile, office.policy.profiles)
    choose_profiles(connection, profiles, before=office.profiles, actor=actor, now=now)


def choose_own_scheme(
    connection: Connection, office: OfficeContext, scheme: str, *, actor: Actor, now: datetime
) -> None:
    """Sets what the office scores by. Closed years stay under theirs. Raises `NoSuchScheme`."""
    named = office.policy.scheme(scheme).id
    choose_scheme(connection, named, before=office.own_scheme, actor=actor, now=now)


def establish(
    connection: Connection,
    *,
    name: str,
    short_name: str,
    now: datetime,
    calendar: str = "cn",
    profiles: tuple[str, ...] = USUAL_PROFILES,
    demo: bool = False,
    simulation: bool = False,
) -> None:
    """Makes an empty database an office's, with the policy that ships with the program as its first version."""
    found_office(
        connection, name=name, short_name=short_name, calendar=calendar, profiles=profiles, now=now, demo=demo,
        simulation=simulation,
    )  # fmt: skip
    publish(connection, shipped_files(), actor=TIMERS, now=now)
