"""The office that measures are taken in: its units and people, and one case led through the door to its first session.

All other cases are copies of that one (`copies.py`).
"""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, insert, text

from cases.execute import execute, open_case
from cases.office import OfficeContext, establish, load_office
from infra.db import reading, transaction
from people.tables import Account, Unit, UnitAbove
from workflow.commands import Command
from workflow.model import AccountId, Actor, RecordNumber, Role, UnitId
from workflow.procedures.every_case.commands import Accept
from workflow.procedures.mediation.commands import Apply, AppointMediators, NotifyRights, RecordConsent

UPSTREAM, CENTRE = 1, 2
ROOMS = range(3, 23)  #: the units below the centre, each with a head and its mediators
MEDIATORS_A_ROOM = 5
PROFILE = "mediation-30d"
READY_AT = datetime(2026, 10, 12, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """The office, one mediator of it, and the mediator's case, in which the next step is the first session."""

    office: OfficeContext
    mediator: Actor
    case_id: int
    parties: tuple[RecordNumber, ...]
    ready_at: datetime = READY_AT

    def take(
        self, engine: Engine, case_id: int, command: Command, *, now: datetime, actor: Actor | None = None
    ) -> None:
        """One step through the door, committed."""
        with transaction(engine) as connection:
            execute(
                connection, case_id, command, actor=actor or self.mediator, now=now, expected_version=None,
                office=self.office, request=secrets.token_hex(16),
            )  # fmt: skip


def head_of(unit: int) -> int:
    return 100 * unit


def staff_of(engine: Engine) -> Staff:
    """A new office in an empty database."""
    _people(engine)
    with reading(engine) as connection:
        office = load_office(connection)
    below = frozenset(UnitId(unit) for unit in (CENTRE, *ROOMS))
    clerk = Actor(account=AccountId(1), role=Role.CLERK, unit=UnitId(CENTRE), units=below)
    coordinator = Actor(account=AccountId(2), role=Role.COORDINATOR, unit=UnitId(CENTRE), units=below)
    room = UnitId(ROOMS.start)
    mediator = Actor(account=AccountId(head_of(room) + 1), role=Role.MEDIATOR, unit=room, units=frozenset({room}))
    case_id, parties = _opened(engine, office, clerk)
    staff = Staff(office=office, mediator=mediator, case_id=case_id, parties=parties)
    staff.take(engine, case_id, RecordConsent(party=parties[1], answer="given"), now=READY_AT, actor=clerk)
    staff.take(engine, case_id, Accept(), now=READY_AT, actor=clerk)
    chief = AccountId(head_of(room) + 1)
    staff.take(engine, case_id, AppointMediators(chief=chief), now=READY_AT, actor=coordinator)
    staff.take(engine, case_id, NotifyRights(signed_by=parties), now=READY_AT)
    return staff


def _opened(engine: Engine, office: OfficeContext, clerk: Actor) -> tuple[int, tuple[RecordNumber, ...]]:
    matter = Apply(title="楼上漏水", statement="天花板受潮。" * 20, applicant="甲某", respondents=("乙某",))
    request = secrets.token_hex(16)
    with transaction(engine) as connection:
        opened = open_case(
            connection, matter, profile=PROFILE, actor=clerk, now=READY_AT, office=office, request=request
        )
        found = connection.execute(text("SELECT number FROM party ORDER BY number")).scalars().all()
    return opened.case_id, tuple(RecordNumber(number) for number in found)


def _people(engine: Engine) -> None:
    above = {UPSTREAM: None, CENTRE: UPSTREAM, **dict.fromkeys(ROOMS, CENTRE)}
    kinds = {UPSTREAM: "upstream", CENTRE: "centre"}
    units = [{"id": u, "parent_id": p, "name": f"u{u}", "kind": kinds.get(u, "unit"), "takes_intake": False} for u, p in above.items()]  # fmt: skip
    people = [(1, CENTRE, "clerk"), (2, CENTRE, "coordinator"), (3, UPSTREAM, "assessor")]
    people += [(head_of(unit), unit, "supervisor") for unit in above]
    people += [(head_of(unit) + n, unit, "mediator") for unit in ROOMS for n in range(1, MEDIATORS_A_ROOM + 1)]
    accounts = [{"id": i, "unit_id": unit, "role": role, **_called(f"a{i}")} for i, unit, role in people]
    with transaction(engine) as connection:
        establish(connection, name="滨江综治中心", short_name="滨江", now=READY_AT)
        connection.execute(insert(Unit), units)
        connection.execute(insert(UnitAbove), [{"unit": u, "above": a, "depth": d} for u in above for a, d in _path(u, above)])  # fmt: skip
        connection.execute(insert(Account), accounts)


def _called(login: str) -> dict[str, object]:
    return {"login": login, "name": login, "email": f"{login}@example.org", "language": "zh_CN", "active": True, "created_at": READY_AT - timedelta(days=1)}  # fmt: skip


def _path(unit: int, above: dict[int, int | None]) -> list[tuple[int, int]]:
    path: list[tuple[int, int]] = []
    step: int | None = unit
    while step is not None:
        path.append((step, len(path)))
        step = above[step]
    return path
