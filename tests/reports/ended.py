"""An office whose year 2025 is over, and the hands that close it. The fixtures are for a test module to import.

The small office has two hotline orders of Monday 3 March 2025 (days 4, 5, 6, 7, 10; yellow on the 7th, red on the 11th): one
answered on the 10th, yellow, and one never answered, red.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Engine

from cases.execute import execute
from cases.office import OfficeContext, load_office
from cases.sweep import sweep
from infra.db import reading, transaction
from reports.years.addendum import Addendum, addendum
from reports.years.closed_years import Proof, prove
from reports.years.closing import CannotClose, close_year, propose_close
from tests.databases import ZONE, SmallOffice, found
from tests.reports.told import in_hand, rated, replied
from workflow.procedures.petition.commands import Reply

SIGNED_AT = "2026-01-16T10:00"


def local(when: str) -> datetime:
    return datetime.fromisoformat(when).replace(tzinfo=ZONE)


@dataclass(frozen=True)
class Ended:
    """An office whose year 2025 is over."""

    office: SmallOffice
    open_case: int

    @property
    def engine(self) -> Engine:
        return self.office.engine

    def context(self) -> OfficeContext:
        with reading(self.engine) as connection:
            return load_office(connection)

    def propose(self, *, by: str = "assessor", at: str = SIGNED_AT, year: int = 2025, scheme: str = "LIGHTS-A") -> str:
        context = self.context()
        with transaction(self.engine) as connection:
            made = propose_close(
                connection, year=year, scheme=scheme, actor=self.office.actors[by], office=context, now=local(at)
            )
        return made.result_hash

    def sign(self, result_hash: str, *, by: str = "auditor", at: str = SIGNED_AT, year: int = 2025) -> None:
        context = self.context()
        with transaction(self.engine) as connection:
            close_year(
                connection,
                year=year,
                result_hash=result_hash,
                actor=self.office.actors[by],
                office=context,
                now=local(at),
            )

    def close(self, scheme: str = "LIGHTS-A") -> str:
        result_hash = self.propose(scheme=scheme)
        self.sign(result_hash)
        return result_hash

    def proof(self) -> Proof:
        with reading(self.engine) as connection:
            return prove(connection, 2025)

    def late(self) -> Addendum:
        with reading(self.engine) as connection:
            return addendum(connection, 2025)

    def answer_the_open_one(self, at: str = "2026-01-20T10:00") -> int:
        """The seq of the answer's event."""
        with transaction(self.engine) as connection:
            done = execute(
                connection, self.open_case, Reply(form="oral", answer="迟复。"), actor=self.office.actors["mediator"],
                now=local(at), expected_version=None, office=self.office.context, request=f"late-{at}",
            )  # fmt: skip
        return done.seq


@pytest.fixture
def ended(engine: Engine) -> Ended:
    office = found(engine)
    office.tell("hotline", *in_hand("2025-03-03"), *replied("2025-03-10T10:00"), *rated("2025-03-10T11:00"))
    opened = office.tell("hotline", *in_hand("2025-03-03"))
    for noon in ("2025-12-31T12:00", "2026-01-10T00:00"):  # as the timers would: a light is noticed when it lights
        assert not sweep(engine, now=local(noon)).failed
    return Ended(office, opened.case_id)


def refused(kind: type[CannotClose], act: Any, *arguments: Any, **named: Any) -> CannotClose:
    with pytest.raises(CannotClose) as caught:
        act(*arguments, **named)
    assert type(caught.value) is kind
    return caught.value
