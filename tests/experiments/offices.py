"""An office for a program that is served: everybody of the small office, and a matter of each kind."""

from dataclasses import dataclass
from pathlib import Path

import migrations
from infra.db import open_engine
from tests.databases import SmallOffice, found, step

ABOUT = {"title": "停车位", "statement": "小区停车难。", "applicant": "申请人"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Matters:
    office: SmallOffice
    cases: tuple[int, ...]  #: that petitioners came with


def small_office(home: Path) -> Matters:
    """In the database of this home; the caller disposes of its engine."""
    url = f"sqlite:///{home / 'huiyin.db'}"
    owning = open_engine(url, owner=True)
    migrations.upgrade(owning)
    owning.dispose()
    office = found(open_engine(url))
    told = [
        office.tell("petition", step("2026-03-02T09:00", "clerk", "Register", **ABOUT, dispute_type="25")),
        office.tell(
            "hotline",
            step("2026-03-02T09:00", "clerk", "Register", **ABOUT),
            step("2026-03-02T09:10", "clerk", "Accept"),
            step("2026-03-02T09:20", "coordinator", "Assign", unit="room", handler="mediator"),
            step("2026-03-02T09:30", "mediator", "SignFor"),
        ),
        office.tell("mediation", step("2026-03-02T09:00", "clerk", "Apply", **ABOUT, respondents=("被申请人",), dispute_type="25")),
    ]  # fmt: skip
    return Matters(office=office, cases=tuple(int(one.case_id) for one in told))
