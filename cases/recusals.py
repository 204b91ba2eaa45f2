"""People for whom a case does not exist: nothing of it is told to them. Cases without any say so by their milestones."""

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import Connection, select

from cases.tables import Recusal
from infra.among import is_among
from workflow.model import AccountId
from workflow.records import HAS_RECUSALS

_recusal = Recusal.__table__.c  # type: ignore[attr-defined]
NOBODY: frozenset[AccountId] = frozenset()


def has_recusals(milestones: str) -> bool:
    return HAS_RECUSALS in milestones.split()


def recused_from(connection: Connection, cases: Iterable[int]) -> dict[int, frozenset[AccountId]]:
    """By case, those who are recused from it; nothing is asked for no case."""
    wanted = set(cases)
    if not wanted:
        return {}
    found: dict[int, set[AccountId]] = defaultdict(set)
    query = select(_recusal.case_id, _recusal.person).where(is_among(_recusal.case_id, wanted))
    for case_id, person in connection.execute(query):
        found[case_id].add(AccountId(person))
    return {case_id: frozenset(people) for case_id, people in found.items()}
