"""到期自动签收: what nobody has signed for in time is signed for by the timers, through the same door as people.

Source: OFC-01 (热线惯例: 到期自动签收并计黄).
"""

import logging
from datetime import datetime

from sqlalchemy import Engine
from sqlalchemy.sql import bindparam

from cases.execute import execute
from cases.office import OfficeContext
from cases.tables import Clock
from cases.visibility import case, visible_cases
from infra.db import reading, transaction
from infra.statements import Statement
from infra.stopping import Stop, never
from workflow.model import TIMERS, Refusal
from workflow.procedures.petition.commands import SignByTime
from workflow.procedures.petition.states import PetitionState

log = logging.getLogger(__name__)

_clock = Clock.__table__.c  # type: ignore[attr-defined]
#: By the index of what is due: what waits for a signature that is overdue is itself due.
_UNSIGNED = Statement(
    visible_cases(TIMERS, case.id, _clock.number)
    .join(Clock, _clock.case_id == case.id)
    .where(
        case.closed_at.is_(None),
        case.next_due_at <= bindparam("now"),
        case.state == bindparam("dispatched", PetitionState.DISPATCHED.value),
        _clock.name == bindparam("signing", "signing"),
        _clock.stopped_at.is_(None),
        _clock.due_at <= bindparam("now"),
    )
    .order_by(case.id)
)


def sign_by_time(engine: Engine, office: OfficeContext, *, now: datetime, stop: Stop = never) -> int:
    """Signs for every matter whose time for signing is over, each in a transaction of its own; returns how many.

    Somebody who signs at the same moment is simply first. Running it twice is harmless.
    """
    with reading(engine) as connection:
        waiting = _UNSIGNED.rows(connection, now=now)
    return sum(_sign(engine, office, case_id, number, now=now) for case_id, number in waiting if not stop())


def _sign(engine: Engine, office: OfficeContext, case_id: int, clock: int, *, now: datetime) -> bool:
    try:
        with transaction(engine) as connection:
            done = execute(
                connection, case_id, SignByTime(), actor=TIMERS, now=now, expected_version=None, office=office,
                request=f"signing:{case_id}.{clock}",
            )  # fmt: skip
    except Refusal as refusal:
        log.info("not signed by time", extra={"case": case_id, "reasons": [r.code for r in refusal.reasons]})
        return False
    return not done.repeated
