"""Rows of one case as the facts that the rules decide on. No names, no texts."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, Connection, Select, and_, exists, null, select, union
from sqlalchemy.sql import bindparam

from cases import tables
from cases.crossings import CROSSED
from cases.recusals import NOBODY, recused_from
from cases.rows import CLOCK_COLUMNS, TABLE_OF, R, clock_from, from_row
from cases.visibility import case, in_reach, reach_of, still_counts
from infra.statements import Statement
from ledger.chain import IN_PLACE_OF
from ledger.tables import Event
from ledger.upcasters import data_of
from people.tables import Account, Post, UnitAbove
from workflow.facts import CaseFacts, missing
from workflow.model import AccountId, Actor, CaseId, Consent, Custody, Party, Record, Role, Side, UnitId
from workflow.procedures import PROCEDURES
from workflow.procedures.every_case.commands import EXTENSION_ASKED
from workflow.records import (
    HAS_LINKS,
    HAS_PARTICIPANTS,
    HAS_RECUSALS,
    HAS_TASKS,
    HAS_WAIVERS,
    Appointment,
    Link,
    Participant,
    Task,
    Waiver,
)

_clock = tables.Clock.__table__.c  # type: ignore[attr-defined]
_account = Account.__table__.c  # type: ignore[attr-defined]
_post = Post.__table__.c  # type: ignore[attr-defined]
_above = UnitAbove.__table__.c  # type: ignore[attr-defined]
_recusal = tables.Recusal.__table__.c  # type: ignore[attr-defined]
_party = tables.Party.__table__.c  # type: ignore[attr-defined]
_event = Event.__table__.c  # type: ignore[attr-defined]
_custody = tables.Custody.__table__.c  # type: ignore[attr-defined]
_appointment = tables.Appointment.__table__.c  # type: ignore[attr-defined]


_CASE_COLUMNS = (
    "id", "procedure", "profile", "state", "version", "dispute_type", "channel", "received_at", "registered_at",
    "holder_unit", "holder_person", "custody_number", "custody_from", "milestones", "next_number", "closed_at",
    "outcome", "extension_asked", "series", "year", "serial", "public_id",
)  # fmt: skip
_CLOCKS = Statement(
    select(*(_clock[name] for name in CLOCK_COLUMNS))
    .where(_clock.case_id == bindparam("case_id"))
    .order_by(_clock.number)
)
_PARTIES = Statement(
    select(_party.number, _party.side, _party.name, _party.contact, _party.consent)
    .where(_party.case_id == bindparam("case_id"))
    .order_by(_party.number)
)
_APPOINTMENTS = Statement(
    select(
        _appointment.number,
        _appointment.person,
        _appointment.chief,
        _appointment.from_at,
        _appointment.until_at,
        _appointment.disclosure,
    )
    .where(_appointment.case_id == bindparam("case_id"))
    .order_by(_appointment.number)
)


def _all_of(table: Any) -> tuple[Statement, tuple[str, ...]]:
    columns = table.__table__.c
    query = select(*columns).where(columns.case_id == bindparam("case_id")).order_by(columns.number)
    return Statement(query), tuple(columns.keys())


#: Every row of a kind that a case has, and the names of its columns.
_ALL_OF = {kind: _all_of(table) for kind, table in TABLE_OF.items()}
#: Whoever has acted in a case, except by deciding about its lights.
_AUTHORS = Statement(
    select(_event.actor)
    .where(_event.stream == bindparam("case_id"), _event.actor.is_not(None), _event.code != "light:waiver_decided")
    .distinct()
)
#: What was done in somebody's place counts as theirs too.
_IN_PLACE_OF = Statement(
    select(_event.code, _event.data).where(
        _event.stream == bindparam("case_id"),
        _event.data.contains(f'"{IN_PLACE_OF}":'),
        _event.code != "light:waiver_decided",
    )
)
_ASKED_BY = Statement(
    select(_event.actor, _event.code, _event.data)
    .where(_event.stream == bindparam("case_id"), _event.code == bindparam("code"))
    .order_by(_event.seq.desc())
    .limit(1)
)
_CUSTODIES = Statement(
    select(_custody.number, _custody.unit, _custody.person, _custody.from_at, _custody.until_at)
    .where(_custody.case_id == bindparam("case_id"))
    .order_by(_custody.number)
)
_CROSSED = Statement(
    select(_event.data, _event.recorded_at)
    .where(_event.stream == bindparam("case_id"), _event.code == CROSSED)
    .order_by(_event.seq)
)
_MEDIATORS: BindParameter[str] = bindparam("mediators", Role.MEDIATOR.value)
_WITHIN_REACH = (
    _above.above == bindparam("within"),
    _account.active.is_(True),
    ~exists().where(_recusal.case_id == bindparam("case_id"), _recusal.person == _account.id),
)
#: Mediators by what their account was made for, or by a post beside that; a deputy serves in nobody's place.
_MAY_SERVE = Statement(
    union(
        select(_account.unit_id.label("unit"), _account.id.label("account"))
        .join_from(Account, UnitAbove, _account.unit_id == _above.unit)
        .where(_account.role == _MEDIATORS, *_WITHIN_REACH),
        select(_post.unit_id, _account.id)
        .join_from(Post, Account, _post.account_id == _account.id)
        .join(UnitAbove, _post.unit_id == _above.unit)
        .where(_post.role == _MEDIATORS, _post.active.is_(True), _post.stands_in_for.is_(None), *_WITHIN_REACH),
    ).order_by("unit", "account")
)


def _placed(account: Any, role: Any, unit: Any, absent: Any) -> Select[Any]:
    """Whose post is in a unit that holds the case or took it in, or above such a unit, and whether it answers for the case: by
    themselves, where it is held. An administrator sees no case."""
    own = _above.unit.in_((case.holder_unit, case.intake_unit))
    answers = and_(_above.unit == case.holder_unit, absent.is_(None)).label("answers")
    query = select(account.label("account"), role.label("role"), answers).join_from(tables.Case, UnitAbove, own)
    return query.where(
        case.id == bindparam("case_id"),
        unit == _above.above,
        role != Role.ADMINISTRATOR.value,
        _account.active.is_(True),
    )


_COLLEAGUES = Statement(
    union(
        _placed(_account.id, _account.role, _account.unit_id, null()),
        _placed(_account.id, _post.role, _post.unit_id, _post.stands_in_for).where(
            _post.account_id == _account.id, _post.active.is_(True)
        ),
    ).order_by("account", "role")
)
#: Who answers for lights, or decides about them: only they are told who held a case when it lit.
ANSWER_FOR_LIGHTS = frozenset({Role.SUPERVISOR, Role.ASSESSOR})


class CaseName(NamedTuple):
    """The columns that name a case to people and in addresses."""

    public_id: str
    series: str
    year: int
    serial: int


@cache
def _visible(role: Role) -> Statement:
    """The prepared form of `visible_cases` for one case: the same condition, bound anew each time."""
    return Statement(
        select(*(case[name] for name in _CASE_COLUMNS)).where(
            in_reach(role, of_one=True), case.id == bindparam("case_id")
        )
    )


def load_facts(
    connection: Connection, case_id: int, *, actor: Actor, seen_by: Actor | None = None,
    leads_to: frozenset[CaseId] | None = None,
) -> tuple[CaseFacts, CaseName] | None:  # fmt: skip
    """The facts of a case, or None if it does not exist for this actor; or for `seen_by`, if whoever asks is trusted to
    find it with other eyes (a unit that answers for a light of a case that has moved on). `leads_to` is known of a case that
    is to be linked."""
    eyes = seen_by or actor
    rows = _visible(eyes.role).rows(connection, case_id=case_id, **reach_of(eyes))
    if not rows:
        return None
    row = dict(zip(_CASE_COLUMNS, rows[0], strict=True))
    clocks = tuple(clock_from(values) for values in _CLOCKS.rows(connection, case_id=case_id))
    facts = _facts(connection, row, clocks)
    facts = with_lights_known(connection, facts, actor=actor)
    if facts.extension_asked is not None and actor.role is Role.SUPERVISOR:
        facts = with_askers_known(connection, facts, EXTENSION_ASKED)
    if leads_to is not None:
        facts = replace(facts, leads_to=leads_to)
    return facts, CaseName(row["public_id"], row["series"], row["year"], row["serial"])


def with_lights_known(connection: Connection, facts: CaseFacts, *, actor: Actor) -> CaseFacts:
    """With who has held the case and when its lights were noticed, if something has lit, for those who answer for lights."""
    if actor.role not in ANSWER_FOR_LIGHTS or not any(clock.crossed_until for clock in facts.clocks):
        return facts
    assert facts.id is not None, "a case whose clocks run exists"
    return replace(facts, custodies=_custodies(connection, facts.id), noticed=_noticed(connection, facts.id))


def load_people(connection: Connection, case_id: int, *, actor: Actor) -> dict[AccountId, tuple[UnitId, ...]]:
    """Everybody who may serve in a case by this actor's word, with the units that they are mediators of, in the order of these:
    open accounts, not recused, in the actor's unit or below it."""
    if actor.unit is None:
        return {}
    found: dict[AccountId, tuple[UnitId, ...]] = {}
    for unit, account in _MAY_SERVE.rows(connection, case_id=case_id, within=actor.unit):
        found[account] = (*found.get(account, ()), unit)
    return found


def load_colleagues(connection: Connection, case_id: int) -> dict[AccountId, frozenset[Role]]:
    """Whose post has to do with a case, with the roles by which they answer for it themselves."""
    found: dict[AccountId, frozenset[Role]] = {}
    for account, role, answers in _COLLEAGUES.rows(connection, case_id=case_id):
        found[account] = found.get(account, frozenset()) | ({Role(role)} if answers else set())
    return found


def _parties(connection: Connection, case_id: int) -> tuple[Party, ...]:
    return tuple(
        Party(number=n, side=Side(side), name=name, contact=contact, consent=Consent(consent))
        for n, side, name, contact, consent in _PARTIES.rows(connection, case_id=case_id)
    )


def _appointments(connection: Connection, case_id: int) -> tuple[Appointment, ...]:
    return tuple(
        Appointment(number=n, person=p, chief=chief, from_at=begin, until_at=end, disclosure=disclosure)
        for n, p, chief, begin, end, disclosure in _APPOINTMENTS.rows(connection, case_id=case_id)
    )


def _of_kind(connection: Connection, kind: type[R], case_id: int) -> tuple[R, ...]:
    """The records of a kind whose columns are its fields, in the order of their numbers."""
    statement, columns = _ALL_OF[kind]
    rows = statement.rows(connection, case_id=case_id)
    return tuple(from_row(kind, dict(zip(columns, row, strict=True))) for row in rows)


def with_records_known(connection: Connection, facts: CaseFacts, kinds: tuple[type[Record], ...]) -> CaseFacts:
    """With the records of these kinds that still count: their step was not taken back."""
    if not kinds:
        return facts
    known = {kind: tuple(_that_count(connection, kind, facts)) for kind in kinds}
    return replace(facts, records={**facts.records, **known})


def _that_count(connection: Connection, kind: type[Record], facts: CaseFacts) -> Iterator[Record]:
    columns = TABLE_OF[kind].__table__.c  # type: ignore[attr-defined]
    query = select(*columns).where(columns.case_id == facts.id, still_counts(columns.case_id, record=columns.number))
    for row in connection.execute(query.order_by(columns.number)).mappings():
        yield from_row(kind, dict(row))


def _own_records(connection: Connection, procedure: str, case_id: int) -> dict[type[Record], tuple[Record, ...]]:
    """The records of the procedure's own kinds that its rules look at."""
    own = (kind for kind in PROCEDURES[procedure].records if kind.in_facts)
    return {kind: _of_kind(connection, kind, case_id) for kind in own}


def _authors(connection: Connection, case_id: int) -> frozenset[AccountId]:
    acted = {AccountId(account) for (account,) in _AUTHORS.rows(connection, case_id=case_id)}
    absent = (data_of(code, data)[IN_PLACE_OF] for code, data in _IN_PLACE_OF.rows(connection, case_id=case_id))
    return frozenset(acted.union(absent))


def with_askers_known(connection: Connection, facts: CaseFacts, code: str | None) -> CaseFacts:
    """With who asked last, in an event of that code, and in whose place; as they are where nothing is asked for."""
    if code is None:
        return facts
    rows = _ASKED_BY.rows(connection, case_id=facts.id, code=code)
    asked = {
        one for actor, event, data in rows for one in (actor, data_of(event, data).get(IN_PLACE_OF)) if one is not None
    }
    return replace(facts, asked_by=frozenset(asked))


def _custodies(connection: Connection, case_id: int) -> tuple[Custody, ...]:
    return tuple(
        Custody(number=n, unit=unit, person=person, from_at=begin, until_at=end)
        for n, unit, person, begin, end in _CUSTODIES.rows(connection, case_id=case_id)
    )


def _noticed(connection: Connection, case_id: int) -> dict[str, datetime]:
    found = ((data_of(CROSSED, data), at) for data, at in _CROSSED.rows(connection, case_id=case_id))
    return {f"{data['clock']}:{data['rung']}": at for data, at in found if data["light"]}


def _facts(connection: Connection, row: dict[str, Any], clocks: tuple[Any, ...]) -> CaseFacts:
    custody = Custody(
        number=row["custody_number"],
        unit=row["holder_unit"],
        person=row["holder_person"],
        from_at=row["custody_from"],
        until_at=None,
    )
    milestones = frozenset(row["milestones"].split())
    contested = HAS_WAIVERS in milestones
    return CaseFacts(
        id=CaseId(row["id"]),
        procedure=row["procedure"],
        profile=row["profile"],
        state=row["state"],
        version=row["version"],
        dispute_type=row["dispute_type"],
        channel=row["channel"],
        received_at=row["received_at"],
        registered_at=row["registered_at"],
        holder_unit=row["holder_unit"],
        holder_person=row["holder_person"],
        milestones=milestones,
        next_number=row["next_number"],
        parties=_parties(connection, row["id"]),
        appointments=_appointments(connection, row["id"]),
        participants=_of_kind(connection, Participant, row["id"]) if HAS_PARTICIPANTS in milestones else (),
        tasks=_of_kind(connection, Task, row["id"]) if HAS_TASKS in milestones else (),
        links=_of_kind(connection, Link, row["id"]) if HAS_LINKS in milestones else (),
        recused=recused_from(connection, [row["id"]]).get(row["id"], NOBODY) if HAS_RECUSALS in milestones else NOBODY,
        clocks=clocks,
        records=_own_records(connection, row["procedure"], row["id"]),
        waivers=_of_kind(connection, Waiver, row["id"]) if contested else (),
        authors=_authors(connection, row["id"]) if contested else missing("authors"),
        custody=custody,
        closed_at=row["closed_at"],
        outcome=row["outcome"],
        extension_asked=row["extension_asked"],
    )
