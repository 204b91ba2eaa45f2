"""What each procedure allows, compared with the committed tables: a change of a rule is a change of these files."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.workflow.factories import (
    CASE,
    CENTRE,
    ELSEWHERE,
    MEDIATOR,
    PETITIONER,
    ROOM,
    SECOND,
    a_matter_in_hand,
    a_mediation_with_mediators,
    an_actor,
)
from tests.workflow.matrix import HERE, matrix, path_of
from workflow.deciding import may_take, usual_path
from workflow.definition import Step
from workflow.model import Actor, CaseId, Relation, Role
from workflow.procedures import PROCEDURES


@pytest.mark.parametrize("procedure", sorted(PROCEDURES))
def test_the_matrix_of_states_commands_and_roles_is_the_committed_one(procedure: str) -> None:
    # A difference that is meant: `python -m tests.workflow.matrix`, and commit the table with the rule.
    assert matrix(procedure) == path_of(procedure).read_text("utf-8")


def test_there_is_a_committed_table_for_every_procedure_and_for_nothing_else() -> None:
    assert set(Path(HERE).glob("matrix_*.txt")) == {path_of(procedure) for procedure in PROCEDURES}


def test_the_usual_path_of_a_petition() -> None:
    names = ["unfiled", "registered", "accepted", "dispatched", "handling", "replied", "closed"]
    assert usual_path("petition") == tuple(names)


def test_the_usual_path_of_a_mediation() -> None:
    assert usual_path("mediation") == (
        "unfiled", "applied", "consent_pending", "accepted", "mediator_assigned", "rights_notified", "in_session",
        "settled", "followed_up", "closed",
    )  # fmt: skip


# -- how an actor stands to a case ------------------------------------------------------------------------------------


def a_step_for(role: Role, relation: Relation) -> Step:
    return Step(command=PROCEDURES["petition"].steps[0].command, event="case:x", sources=(), target=None,
                allowed=((role, relation),))  # fmt: skip


IN_ROOM = an_actor(Role.MEDIATOR, 50)
ABOVE_ROOM = an_actor(Role.MEDIATOR, 51, CENTRE, {ROOM})
OUTSIDER = an_actor(Role.MEDIATOR, 52, ELSEWHERE)


@pytest.mark.parametrize(
    ("relation", "stands", "does_not"),
    [
        (Relation.ASSIGNED, [MEDIATOR], [IN_ROOM, ABOVE_ROOM, OUTSIDER]),
        (Relation.SAME_UNIT, [MEDIATOR, IN_ROOM], [ABOVE_ROOM, OUTSIDER]),
        (Relation.ABOVE, [MEDIATOR, IN_ROOM, ABOVE_ROOM], [OUTSIDER]),
        (Relation.ANYONE, [MEDIATOR, IN_ROOM, ABOVE_ROOM, OUTSIDER], []),
    ],
)
def test_a_role_counts_only_with_its_relation_to_the_case(
    relation: Relation, stands: list[Actor], does_not: list[Actor]
) -> None:
    facts = a_matter_in_hand()  # held by MEDIATOR in the room
    step = a_step_for(Role.MEDIATOR, relation)
    assert [may_take(step, actor, facts) for actor in stands] == [True] * len(stands)
    assert [may_take(step, actor, facts) for actor in does_not] == [False] * len(does_not)


def test_the_right_relation_with_another_role_does_not_count() -> None:
    assert not may_take(a_step_for(Role.SUPERVISOR, Relation.ASSIGNED), MEDIATOR, a_matter_in_hand())


def test_every_mediator_who_serves_is_assigned_and_one_who_left_is_not() -> None:
    facts = a_mediation_with_mediators()
    step = a_step_for(Role.MEDIATOR, Relation.ASSIGNED)
    second = an_actor(Role.MEDIATOR, SECOND)
    assert may_take(step, second, facts)
    gone = tuple(replace(a, until_at=a.from_at) if a.person == SECOND else a for a in facts.appointments)
    assert not may_take(step, second, replace(facts, appointments=gone))


def test_a_code_opens_its_own_case_and_no_other() -> None:
    facts = a_matter_in_hand()
    step = a_step_for(Role.PETITIONER, Relation.BY_CODE)
    assert may_take(step, PETITIONER, facts)
    assert PETITIONER.case == CASE
    other = Actor(account=None, role=Role.PETITIONER, unit=CENTRE, case=CaseId(CASE + 1))
    nobody = Actor(account=None, role=Role.PETITIONER, unit=CENTRE, case=None)
    assert not may_take(step, other, facts)
    assert not may_take(step, nobody, facts)
