"""Who is told when the account behind an audience is closed, or nobody has the post: somebody who can act, and at once."""

from itertools import chain, combinations

import pytest
from sqlalchemy import Engine

from infra.db import reading, transaction
from people.audiences import Roster
from people.staffing import close_account, reopen_account
from tests.databases import SEATS, START, SmallOffice, found
from workflow.model import AccountId, Audience, Role, UnitId

ROOM, CENTRE, LEVEL_ABOVE = UnitId(1), UnitId(2), UnitId(3)
#: One tree as the roster reads it: a mediator and a head in the room, desk and duty leader in the centre, a head above.
MEDIATOR, HEAD, CLERK, COORDINATOR, LEADER, ASSESSOR, ABOVE = (AccountId(n) for n in range(1, 8))
TREE = (
    (ROOM, MEDIATOR, Role.MEDIATOR, "unit", 0),
    (ROOM, HEAD, Role.SUPERVISOR, "unit", 0),
    (ROOM, CLERK, Role.CLERK, "centre", 1),
    (ROOM, COORDINATOR, Role.COORDINATOR, "centre", 1),
    (ROOM, LEADER, Role.SUPERVISOR, "centre", 1),
    (ROOM, ASSESSOR, Role.ASSESSOR, "centre", 1),
    (ROOM, ABOVE, Role.SUPERVISOR, "upstream", 2),
)


def roster(*closed: AccountId) -> Roster:
    """The tree without these accounts; their units stay."""
    return Roster((unit, None if account in closed else account, role, kind, depth, None) for unit, account, role, kind, depth in TREE)  # fmt: skip


def told(office: SmallOffice, audience: Audience, *, holder: str = "mediator", unit: str = "room") -> set[str]:
    """By both ways of reading the tree, which must agree."""
    names = {account: login for login, account in office.accounts.items()}
    at, person = office.units[unit], office.accounts[holder]
    with reading(office.engine) as connection:
        rosters = Roster.around(connection, at), Roster.whole(connection)
    around, whole = (one.told((audience,), unit=at, person=person) for one in rosters)
    assert around == whole
    return {names[account] for account in around}


def close(office: SmallOffice, *logins: str) -> None:
    with transaction(office.engine) as connection:
        for login in logins:
            close_account(connection, office.accounts[login], now=START)


@pytest.mark.parametrize(
    ("closed", "audience", "instead"),
    [
        ((), Audience.HOLDER, {"mediator"}),
        (("mediator",), Audience.HOLDER, {"supervisor"}),  # the head of the room is nearest
        (("mediator", "supervisor"), Audience.HOLDER, {"clerk", "coordinator", "duty_leader"}),  # one level up: the centre
        (("mediator", "supervisor", "clerk", "coordinator", "duty_leader"), Audience.HOLDER, {"upstream"}),
        (("supervisor",), Audience.UNIT_HEAD, {"duty_leader"}),  # the nearest head
        (("duty_leader",), Audience.DUTY_LEADER, {"clerk", "coordinator"}),  # at the duty leader's own level
        (("duty_leader",), Audience.DUTY_LEADER_DAILY, {"clerk", "coordinator"}),
        (("duty_leader", "clerk", "coordinator"), Audience.DUTY_LEADER, {"upstream"}),  # above rather than below
        (("upstream",), Audience.UPSTREAM, {"clerk", "coordinator", "duty_leader"}),  # nobody is above: one level down
        (("assessor",), Audience.ASSESSMENT_OFFICE, {"supervisor"}),
    ],
)  # fmt: skip
def test_an_audience_whose_account_is_closed_falls_to_the_nearest_who_can_act(
    closed: tuple[str, ...], audience: Audience, instead: set[str], office: SmallOffice
) -> None:
    close(office, *closed)
    assert told(office, audience) == instead


def test_on_both_databases_a_closed_holder_is_not_told_and_a_reopened_one_is(engine: Engine) -> None:
    office = found(engine)
    close(office, "mediator")
    assert told(office, Audience.HOLDER) == {"supervisor"}
    with transaction(engine) as connection:
        reopen_account(connection, office.accounts["mediator"], now=START)
    assert told(office, Audience.HOLDER) == {"mediator"}


@pytest.mark.parametrize(("holder", "unit"), [(login, unit) for login, (unit, _) in SEATS.items()])
def test_whoever_holds_it_is_told_whatever_their_role(holder: str, unit: str, office: SmallOffice) -> None:
    assert told(office, Audience.HOLDER, holder=holder, unit=unit) == {holder}


@pytest.mark.parametrize("audience", [one for one in Audience if one is not Audience.ASKED])  # who is named by a step
def test_as_long_as_anybody_who_can_act_is_open_somebody_open_is_told(audience: Audience) -> None:
    everybody = [account for _, account, *_ in TREE]
    can_act = {HEAD, CLERK, COORDINATOR, LEADER, ABOVE}
    for closed in chain.from_iterable(combinations(everybody, n) for n in range(len(everybody) + 1)):
        found = set(roster(*closed).told((audience,), unit=ROOM, person=MEDIATOR))
        assert not found & set(closed), closed
        assert found or not can_act - set(closed), closed


def test_a_matter_that_nobody_has_yet_is_the_desks_and_without_a_desk_the_heads() -> None:
    assert roster().told((Audience.HOLDER,), unit=ROOM, person=None) == (CLERK, COORDINATOR)
    assert roster(CLERK, COORDINATOR).told((Audience.HOLDER,), unit=ROOM, person=None) == (HEAD,)


def test_a_level_that_the_office_does_not_have_is_told_to_nobody() -> None:
    without = Roster(
        (unit, account, role, kind, depth, None) for unit, account, role, kind, depth in TREE if kind == "unit"
    )
    assert without.told((Audience.DUTY_LEADER, Audience.UPSTREAM), unit=ROOM, person=MEDIATOR) == ()


@pytest.mark.parametrize(
    ("role", "unit", "closed", "instead"),
    [
        (Role.SUPERVISOR, "room", "supervisor", {"duty_leader"}),
        (Role.SUPERVISOR, "centre", "duty_leader", {"clerk", "coordinator"}),
        (Role.SUPERVISOR, "upstream", "upstream", set()),  # whoever asks there sees nobody above
        (Role.ASSESSOR, "centre", "assessor", {"clerk", "coordinator", "duty_leader"}),
        (Role.COORDINATOR, "centre", "coordinator", {"clerk", "duty_leader"}),
    ],
)
def test_what_was_told_to_a_post_is_answered_for_by_whoever_has_it_now(
    role: Role, unit: str, closed: str, instead: set[str], office: SmallOffice
) -> None:
    close(office, closed)
    names = {account: login for login, account in office.accounts.items()}
    with reading(office.engine) as connection:
        heirs = Roster.around(connection, office.units[unit]).in_place_of(role, unit=office.units[unit])
    assert {names[account] for account in heirs} == instead
