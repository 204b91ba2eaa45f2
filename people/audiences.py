"""Who is told: audiences of the rules as accounts of the office.

Source: the default ladder of who is told (寿光, 颍州, 三明; 信访工作条例 §39, §40). Whoever holds the case is told first;
the head of the holding unit, the duty leader of its centre and the level above are found along the tree of units.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable
from typing import NamedTuple

from sqlalchemy import Connection, select
from sqlalchemy.sql import bindparam

from infra.statements import Statement
from people.tables import Account, Unit, UnitAbove
from workflow.model import AccountId, Audience, Role, UnitId

_account, _above, _unit = Account.__table__.c, UnitAbove.__table__.c, Unit.__table__.c  # type: ignore[attr-defined]

#: Roles that are told by their place in the tree. A person who holds a case is told by name.
PLACED = (Role.SUPERVISOR.value, Role.COORDINATOR.value, Role.CLERK.value, Role.ASSESSOR.value)


class _Post(NamedTuple):
    account: AccountId
    role: str
    unit_kind: str
    depth: int  #: how far above the asking unit; 0 is that unit itself


_COLUMNS = (_above.unit, _account.id, _account.role, _unit.kind, _above.depth)
_POSTS = (
    select(*_COLUMNS)
    .join_from(UnitAbove, Unit, _above.above == _unit.id)
    .join(Account, _account.unit_id == _unit.id)
    .where(_account.active.is_(True), _account.role.in_([bindparam(f"role_{r}", r) for r in PLACED]))
    .order_by(_above.unit, _above.depth, _account.id)
)
_POSTS_OF = Statement(_POSTS.where(_above.unit == bindparam("asking")))
_ALL_POSTS = Statement(_POSTS)
_ACTIVE = Statement(select(_account.id).where(_account.active.is_(True)))


class Roster:
    """Everyone who may have to be told, by the unit that asks."""

    def __init__(self, rows: Iterable[tuple[int, int, str, str, int]]) -> None:
        self._posts: dict[UnitId, list[_Post]] = defaultdict(list)
        self._found: dict[tuple[Hashable, ...], tuple[AccountId, ...]] = {}
        for unit, account, role, kind, depth in rows:
            self._posts[UnitId(unit)].append(_Post(AccountId(account), role, kind, depth))

    @classmethod
    def around(cls, connection: Connection, unit: UnitId) -> "Roster":
        """The people along the tree from one unit upwards."""
        return cls(_POSTS_OF.rows(connection, asking=unit))

    @classmethod
    def whole(cls, connection: Connection) -> "Roster":
        return cls(_ALL_POSTS.rows(connection))

    def told(
        self, audiences: Iterable[Audience], *, unit: UnitId, person: AccountId | None, but_not: AccountId | None = None
    ) -> tuple[AccountId, ...]:
        """The accounts behind the audiences, each once, in a fixed order; whoever acted is not told of the own act."""
        asked = (tuple(audiences), unit, person, but_not)
        if asked not in self._found:  # a sweep asks the same for every case that a person holds
            found = {account for audience in audiences for account in self._behind(audience, unit, person)}
            self._found[asked] = tuple(sorted(found - {but_not}))
        return self._found[asked]

    def _behind(self, audience: Audience, unit: UnitId, person: AccountId | None) -> Iterable[AccountId]:
        posts = self._posts.get(unit, [])
        match audience:
            case Audience.HOLDER if person is not None:
                return (person,)
            case Audience.HOLDER:
                return _with(posts, (Role.COORDINATOR, Role.CLERK), nearest=True)
            case Audience.UNIT_HEAD:
                return _with(posts, (Role.SUPERVISOR,), nearest=True)
            case Audience.DUTY_LEADER | Audience.DUTY_LEADER_DAILY:
                return _with([p for p in posts if p.unit_kind == "centre"], (Role.SUPERVISOR,), nearest=True)
            case Audience.UPSTREAM:
                return _with([p for p in posts if p.unit_kind == "upstream"], (Role.SUPERVISOR,), nearest=True)
            case Audience.ASSESSMENT_OFFICE:
                return _with(posts, (Role.ASSESSOR,), nearest=False)


def _with(posts: list[_Post], roles: tuple[Role, ...], *, nearest: bool) -> list[AccountId]:
    """The accounts with these roles; with `nearest`, those of the closest unit that has any."""
    fitting = [post for post in posts if post.role in roles]
    if nearest and fitting:
        depth = min(post.depth for post in fitting)
        fitting = [post for post in fitting if post.depth == depth]
    return [post.account for post in fitting]
