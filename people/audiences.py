"""Who is told: audiences of the rules as accounts of the office.

Source: the default ladder of who is told (寿光, 颍州, 三明; 信访工作条例 §39, §40). Whoever holds the case is told first;
the head of the holding unit, the duty leader of its centre and the level above are found along the tree of units.

Nothing is told to nobody: where the account is closed, or the post is empty, the nearest open coordinator, clerk or head
stands in. A level that the office does not have has nobody to stand in for.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, null, or_, select, union_all
from sqlalchemy.sql import bindparam

from infra.statements import Statement
from people.tables import Account, Post, Unit, UnitAbove
from workflow.model import AccountId, Audience, Role, UnitId

_account, _above = Account.__table__.c, UnitAbove.__table__.c  # type: ignore[attr-defined]
_post, _unit = Post.__table__.c, Unit.__table__.c  # type: ignore[attr-defined]

#: Roles that are told by their place in the tree. A person who holds a case is told by name.
PLACED = (Role.SUPERVISOR.value, Role.COORDINATOR.value, Role.CLERK.value, Role.ASSESSOR.value)
#: Who stands in for whom nobody can reach, and who takes what nobody holds yet.
STAND_INS = (Role.COORDINATOR, Role.CLERK, Role.SUPERVISOR)
DESK = (Role.COORDINATOR, Role.CLERK)
#: What the head of such a unit is told as; of any other, as the head of the unit.
HEADS_OF = {"centre": Audience.DUTY_LEADER, "upstream": Audience.UPSTREAM}


class _Post(NamedTuple):
    account: AccountId | None  #: None: the unit has nobody who could be told
    role: str | None
    unit_kind: str
    depth: int  #: how far above the asking unit; 0 is that unit itself
    stands_in_for: AccountId | None = None


def _placed(role: Any) -> ColumnElement[bool]:
    """Of a unit above only who is placed there; of the asking unit everybody, for one of them may hold the case."""
    return or_(_above.depth == 0, role.in_([bindparam(f"role_{r}", r) for r in PLACED]))


def _posts(*asked: ColumnElement[bool]) -> Statement:
    """What each account was made for, and what some have beside that or as deputies."""
    tree = select(
        _above.unit, _account.id.label("account"), _account.role, _unit.kind, _above.depth, null().label("absent")
    )
    own = and_(_account.unit_id == _unit.id, _account.active.is_(True), _placed(_account.role))
    made_for = tree.join_from(UnitAbove, Unit, _above.above == _unit.id).outerjoin(Account, own)
    beside = (
        select(_above.unit, _post.account_id, _post.role, _unit.kind, _above.depth, _post.stands_in_for)
        .join_from(Post, Account, and_(_account.id == _post.account_id, _account.active.is_(True)))
        .join(Unit, _unit.id == _post.unit_id)
        .join(UnitAbove, _above.above == _unit.id)
        .where(_post.active.is_(True), _placed(_post.role))
    )
    every = union_all(made_for.where(*asked), beside.where(*asked))
    return Statement(every.order_by("unit", "depth", "account"))


_POSTS_OF = _posts(_above.unit == bindparam("asking"))
_ALL_POSTS = _posts()


class Roster:
    """Everyone who may have to be told, by the unit that asks."""

    def __init__(self, rows: Iterable[tuple[int, int | None, str | None, str, int, int | None]]) -> None:
        self._posts: dict[UnitId, list[_Post]] = defaultdict(list)
        self._found: dict[tuple[Hashable, ...], tuple[AccountId, ...]] = {}
        for unit, account, role, kind, depth, absent in rows:
            person, stands_in_for = (None if one is None else AccountId(one) for one in (account, absent))
            self._posts[UnitId(unit)].append(_Post(person, role, kind, depth, stands_in_for))

    @classmethod
    def around(cls, connection: Connection, *units: UnitId, without: AccountId | None = None) -> "Roster":
        """The people along the tree from these units upwards; `without` an account that is about to be closed."""
        rows = [row for unit in units for row in _POSTS_OF.rows(connection, asking=unit)]
        return cls(
            (unit, None if without is not None and without in (account, absent) else account, role, kind, depth, absent)
            for unit, account, role, kind, depth, absent in rows
        )

    @classmethod
    def whole(cls, connection: Connection) -> "Roster":
        return cls(_ALL_POSTS.rows(connection))

    def told(
        self, audiences: Iterable[Audience], *, unit: UnitId, person: AccountId | None,
        but_not: AccountId | None = None, recused: frozenset[AccountId] = frozenset(),
    ) -> tuple[AccountId, ...]:  # fmt: skip
        """The accounts behind the audiences, each once, in a fixed order; whoever acted is not told of the own act, and whoever
        is recused of nothing: others stand in for them.

        `person` belongs to `unit`: a matter is given to a person together with the unit that answers for it.
        """
        asked = (tuple(audiences), unit, person, but_not, recused)
        if asked not in self._found:  # a sweep asks the same for every case that a person holds
            found = {account for audience in audiences for account in self._behind(audience, unit, person, recused)}
            self._found[asked] = tuple(
                sorted(account for account in found if account is not None and account != but_not)
            )
        return self._found[asked]

    def in_place_of(self, role: Role, *, unit: UnitId) -> tuple[AccountId, ...]:
        """Who answers now for what was told to a post: to somebody with this role in this unit."""
        match role:
            case Role.SUPERVISOR:
                kinds = [post.unit_kind for post in self._posts.get(unit, []) if post.depth == 0]
                audience = HEADS_OF.get(kinds[0], Audience.UNIT_HEAD) if kinds else Audience.UNIT_HEAD
                return self.told((audience,), unit=unit, person=None)
            case Role.ASSESSOR:
                return self.told((Audience.ASSESSMENT_OFFICE,), unit=unit, person=None)
            case _:
                return tuple(_nearest(self._posts.get(unit, []), STAND_INS))

    def _behind(
        self, audience: Audience, unit: UnitId, person: AccountId | None, recused: frozenset[AccountId]
    ) -> Iterable[AccountId | None]:
        posts = self._posts.get(unit, [])
        if recused:
            posts = [
                post._replace(account=None) if recused & {post.account, post.stands_in_for} else post for post in posts
            ]
        match audience:
            case Audience.HOLDER if person is None:
                return _nearest(posts, DESK) or _nearest(posts, STAND_INS)
            case Audience.HOLDER:
                mine = [post.account for post in posts if person in (post.account, post.stands_in_for)]
                return [one for one in mine if one is not None] or _nearest(posts, STAND_INS)
            case Audience.UNIT_HEAD:
                return _nearest(posts, (Role.SUPERVISOR,)) or _nearest(posts, STAND_INS)
            case Audience.DUTY_LEADER | Audience.DUTY_LEADER_DAILY:
                return _heads_of(posts, "centre")
            case Audience.UPSTREAM:
                return _heads_of(posts, "upstream")
            case Audience.ASKED:
                return ()  # named by the step, and told as the holder of what they are asked for
            case Audience.ASSESSMENT_OFFICE:
                assessors = [post.account for post in posts if post.role == Role.ASSESSOR and post.account]
                return assessors or _nearest(posts, STAND_INS)


def _heads_of(posts: list[_Post], kind: str) -> list[AccountId]:
    """The heads of the nearest unit of a kind that has any; where none has, whoever stands nearest to the first of them."""
    level = [post for post in posts if post.unit_kind == kind]
    if not level:
        return []
    return _nearest(level, (Role.SUPERVISOR,)) or _nearest(posts, STAND_INS, to=min(post.depth for post in level))


def _nearest(posts: list[_Post], roles: tuple[Role, ...], *, to: int = 0) -> list[AccountId]:
    """The accounts with these roles of the one unit that is nearest to a depth and has any; above rather than below."""
    fitting = [(post.depth, post.account) for post in posts if post.account is not None and post.role in roles]
    chosen = min((depth for depth, _ in fitting), key=lambda depth: (abs(depth - to), -depth), default=None)
    return [account for depth, account in fitting if depth == chosen]
