"""Accounts, units and the office, read: an account as an actor, the tree of units, who has which role. What changes them is in
`people/staffing.py` and `people/posts.py`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, func, select, union
from sqlalchemy.sql import bindparam

from infra.among import is_among
from infra.identifiers import read_sign_in_name
from infra.statements import Statement
from people.tables import Account, Post, Unit, UnitAbove
from workflow.model import AccountId, Actor, Role, UnitId

_account = Account.__table__.c  # type: ignore[attr-defined]
_above = UnitAbove.__table__.c  # type: ignore[attr-defined]
_unit = Unit.__table__.c  # type: ignore[attr-defined]
_post = Post.__table__.c  # type: ignore[attr-defined]
_absent = Account.__table__.alias("absent")  # type: ignore[attr-defined]
_lower = Unit.__table__.alias("lower")  # type: ignore[attr-defined]
_role, ACTING_UNIT = func.coalesce(_post.role, _account.role), func.coalesce(_post.unit_id, _account.unit_id)
_other = Post.__table__.alias("other")  # type: ignore[attr-defined]
_posts = select(func.count()).where(_other.c.account_id == _account.id, _other.c.active.is_(True)).scalar_subquery()
#: A row for each unit that the acting account's unit is above; it is above itself.
PERSON_COLUMNS = (
    _account.name, _account.email, _account.language, _role.label("role"), ACTING_UNIT.label("unit"),
    _unit.name.label("unit_name"), _post.id.label("post"), _absent.c.id.label("absent"), _absent.c.name.label("in_place_of"),
    _posts.label("posts"), _lower.c.closed_at, _above.unit.label("below"),
)  # fmt: skip
_UNITS = Statement(select(_unit.id, _unit.name))
_WITHIN = select(_above.unit).where(_above.above == bindparam("within"))
_UNITS_WITHIN = Statement(select(_unit.id, _unit.name).where(_unit.id.in_(_WITHIN)).order_by(_unit.id))


class _Named(NamedTuple):
    id: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An account as the program meets it: who it is, and what it may be trusted with."""

    id: AccountId
    name: str
    email: str
    language: str
    unit_name: str
    actor: Actor
    post: int | None = None  #: as whom they act; None: as what the account was made for
    in_place_of: str | None = None  #: the name of whoever a deputy acts for
    posts: int = 0  #: how many they have beside what the account was made for


def login_is_taken(connection: Connection, login: str) -> bool:
    """Whether an account has it, an open one or a closed one."""
    return connection.execute(select(_account.id).where(_account.login == read_sign_in_name(login))).first() is not None


def acting(query: Any, post: Any, *when: ColumnElement[bool], isouter: bool = False) -> Any:
    """A select of `PERSON_COLUMNS`, which has come to an account, joined with the post that it acts as, if that is its own and
    its time is now."""
    held = and_(_post.id == post, _post.account_id == _account.id, _post.active.is_(True), *when)
    return (
        query.join(Post, held, isouter=True)
        .join(_absent, _absent.c.id == _post.stands_in_for, isouter=True)
        .join(Unit, _unit.id == ACTING_UNIT, isouter=isouter)
        .join(UnitAbove, _above.above == _unit.id, isouter=isouter)
        .join(_lower, _lower.c.id == _above.unit, isouter=isouter)
    )


_PERSON = Statement(
    acting(select(*PERSON_COLUMNS).select_from(Account), bindparam("post", type_=_post.id.type)).where(
        _account.id == bindparam("account"), _account.active.is_(True)
    )
)


def person(connection: Connection, account: AccountId, *, post: int | None = None) -> Person | None:
    """An active account as a person, with every unit below its own; None if there is no such account or it is closed. With
    `post` as whom they act by that post, while they have it."""
    rows = _PERSON.rows(connection, account=account, post=post)
    return person_from(account, rows) if rows else None


def person_from(account: AccountId, rows: Sequence[Sequence[Any]]) -> Person:
    """The person that rows of `PERSON_COLUMNS` are about."""
    name, email, language, role, unit, unit_name, post, absent, in_place_of, posts, _, _ = rows[0]
    return Person(
        id=account,
        name=name,
        email=email,
        language=language,
        unit_name=unit_name,
        actor=Actor(
            account=account,
            role=Role(role),
            unit=UnitId(unit),
            units=frozenset(UnitId(below) for *_, below in rows),
            closed_units=frozenset(UnitId(below) for *_, closed_at, below in rows if closed_at is not None),
            stands_in_for=None if absent is None else AccountId(absent),
        ),
        post=post,
        in_place_of=in_place_of,
        posts=posts,
    )


def find_account(connection: Connection, account: int) -> Any | None:
    """An account with the name of its unit, open or closed; None if there is no such account."""
    query = select(*_account, _unit.name.label("unit")).join_from(Account, Unit, _account.unit_id == _unit.id)
    return connection.execute(query.where(_account.id == account)).one_or_none()


def all_accounts(connection: Connection) -> list[Any]:
    """Every account with the name of its unit, closed ones last."""
    query = select(*_account, _unit.name.label("unit")).join_from(Account, Unit, _account.unit_id == _unit.id)
    return list(connection.execute(query.order_by(_account.active.desc(), _unit.id, _account.id)))


def all_units(connection: Connection) -> list[Any]:
    """Every unit: rows of (id, parent_id, name, kind, closed_at, depth), from the top down; an office has few."""
    depth = select(func.count()).where(_above.unit == _unit.id).scalar_subquery()
    query = select(_unit.id, _unit.parent_id, _unit.name, _unit.kind, _unit.closed_at, (depth - 1).label("depth"))
    return _in_order_of_the_tree(list(connection.execute(query.order_by(_unit.id))))


def _in_order_of_the_tree(units: list[Any]) -> list[Any]:
    """Each unit followed by what is below it."""
    found: list[Any] = []
    waiting = [unit for unit in reversed(units) if unit.parent_id is None]
    while waiting:
        found.append(waiting.pop())
        waiting += [unit for unit in reversed(units) if unit.parent_id == found[-1].id]
    return found


#: Whoever assigns to a unit and whoever closes one wait for each other, before they take any head.
TREE = "units:open"


def closed_units(connection: Connection) -> frozenset[UnitId]:
    """To which nothing is assigned any more."""
    found = connection.execute(select(_unit.id).where(_unit.closed_at.is_not(None))).scalars()
    return frozenset(UnitId(one) for one in found)


def open_units(connection: Connection) -> frozenset[UnitId]:
    found = connection.execute(select(_unit.id).where(_unit.closed_at.is_(None))).scalars()
    return frozenset(UnitId(unit) for unit in found)


def intake_unit(connection: Connection) -> UnitId:
    """The unit that takes in what petitioners file themselves."""
    found = connection.execute(select(_unit.id).where(_unit.takes_intake.is_(True)).order_by(_unit.id).limit(1))
    return UnitId(found.scalar_one())


def names_of_accounts(connection: Connection, accounts: Iterable[int | None], *, closed: str = "") -> dict[int, str]:
    """The names of these accounts, closed ones too, followed by `closed`; a page asks for those it shows and never for
    all."""
    return {account: known.said(closed) for account, known in known_accounts(connection, accounts).items()}


class KnownAccount(NamedTuple):
    name: str
    active: bool

    def said(self, closed: str) -> str:
        """The name, followed by `closed` if nobody will act under it any more."""
        return self.name if self.active else self.name + closed


def known_accounts(connection: Connection, accounts: Iterable[int | None]) -> dict[int, KnownAccount]:
    """Names of these accounts, and which of them are open; for a page that says both."""
    wanted = {account for account in accounts if account is not None}
    query = select(_account.id, _account.name, _account.active).where(is_among(_account.id, wanted))
    return {row.id: KnownAccount(row.name, row.active) for row in connection.execute(query)}


def names_of_units(connection: Connection) -> dict[int, str]:
    """The names of all units: an office has few."""
    return dict(_UNITS.rows(connection))


def active_with_role(connection: Connection, role: Role) -> list[AccountId]:
    """The open accounts of a role, wherever they are."""
    own = select(_account.id.label("id")).where(_account.role == role.value, _account.active.is_(True))
    beside = select(_post.account_id).where(
        _post.role == role.value,
        _post.active.is_(True),
        _post.account_id.in_(select(_account.id).where(_account.active)),
    )
    found = union(own, beside).subquery()
    return [AccountId(one) for one in connection.execute(select(found.c.id).order_by(found.c.id)).scalars()]


def units_within(connection: Connection, unit: UnitId) -> list[_Named]:
    """A unit and those below it: rows of (id, name)."""
    return [_Named(*row) for row in _UNITS_WITHIN.rows(connection, within=unit)]


def first_of_each_role(connection: Connection) -> list[tuple[str, str, AccountId]]:
    """One active account for each role that has any: (role, name, account), in the order of the roles."""
    rows = connection.execute(
        select(_account.role, _account.name, _account.id).where(_account.active.is_(True)).order_by(_account.id)
    )
    first: dict[str, tuple[str, AccountId]] = {}
    for role, name, account in rows:
        first.setdefault(role, (name, AccountId(account)))
    return [(role.value, *first[role.value]) for role in Role if role.value in first]


def units_above(connection: Connection) -> dict[int, tuple[int, ...]]:
    """For each unit, itself and every unit above it."""
    found: dict[int, list[int]] = {}
    for row in connection.execute(select(_above.unit, _above.above).order_by(_above.unit, _above.depth)):
        found.setdefault(row.unit, []).append(row.above)
    return {unit: tuple(above) for unit, above in found.items()}
