"""One command for several cases: each decided by the same rule as alone, in a step and a transaction of its own."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from cases.execute import CaseNotFound, DatesWouldMove, execute
from cases.office import OfficeContext
from cases.repeats import FormWasUsed, part_of_form
from cases.visibility import case
from infra.db import transaction
from workflow.commands import Command
from workflow.model import Actor, Reason, Refusal

#: Cases that one form is for at most; the rest stays for the next form.
AT_MOST = 200
#: What is read of each for the list that they are chosen from.
COLUMNS = (case.id, case.public_id, case.series, case.year, case.serial, case.dispute_type)


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenAtOnce:
    """What came of one case: nothing to say, or the reasons why it stays as it is."""

    case_id: int
    reasons: tuple[Reason, ...] = ()


def take_each(
    engine: Engine, cases: Iterable[int], command: Command, *, actor: Actor, now: datetime, office: OfficeContext,
    request: str,
) -> Sequence[TakenAtOnce]:  # fmt: skip
    """Takes the step for each of these, one after the other; what is refused stays, and says why. Dates that would move want a
    page of their own. The same form sent again finds what it has done."""
    return [_one(engine, one, command, actor=actor, now=now, office=office, request=request) for one in cases]


def _one(
    engine: Engine, case_id: int, command: Command, *, actor: Actor, now: datetime, office: OfficeContext, request: str
) -> TakenAtOnce:  # fmt: skip
    own = part_of_form(request, str(case_id))
    try:
        with transaction(engine) as connection:
            execute(
                connection, case_id, command, actor=actor, now=now, expected_version=None, office=office, request=own,
                agreed=lambda _moved: False,
            )  # fmt: skip
    except Refusal as refusal:
        return TakenAtOnce(case_id=case_id, reasons=refusal.reasons)
    except DatesWouldMove:
        return TakenAtOnce(case_id=case_id, reasons=(Reason(code="at_once.dates_move"),))
    except (CaseNotFound, FormWasUsed):
        return TakenAtOnce(case_id=case_id, reasons=(Reason(code="at_once.has_moved"),))
    return TakenAtOnce(case_id=case_id)
