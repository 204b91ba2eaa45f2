"""The demo office has numbers without a gap and, in every month of its two years, a bulletin that says something."""

from pathlib import Path

from cases.office import load_office
from infra.db import reading
from reports.bulletin.bulletin import bulletin
from reports.bulletin.periods import Period
from reports.record.serials import serial_completeness
from tests.demo import BUILT_AT, demo_copy, made_with
from workflow.model import TIMERS

#: Figures without which a year would look as if something were broken.
EXPECTED = (
    "mediation.settled_written", "mediation.settled_oral", "mediation.settled_in_part", "mediation.terminated",
    "mediation.amount_yuan", "began.application", "began.own", "began.entrusted", "performance.in_full",
    "petition.answered", "petition.in_time", "rating.petition.satisfied", "rating.mediation.satisfied",
)  # fmt: skip


def test_the_demo_has_complete_numbers_and_bulletins_that_add_up(demo_file: Path, tmp_path: Path) -> None:
    made = made_with(demo_file)
    with demo_copy(demo_file, tmp_path) as engine, reading(engine) as connection:
        office = load_office(connection)
        series = serial_completeness(connection, actor=TIMERS)
        years = [
            bulletin(connection, Period(year=year), actor=TIMERS, office=office, now=BUILT_AT) for year in (2025, 2026)
        ]
        months = [
            bulletin(connection, Period(year=year, month=month), actor=TIMERS, office=office, now=BUILT_AT)
            for year, month in ((2025, 2), (2025, 10), (2026, 3), (2026, 10))
        ]
    assert [one for one in series if not one.complete] == []
    assert sum(one.last for one in series) == made.cases
    registered = ("mediation.registered", "petition.registered")
    figures = [{line.code: line.values[0] for line in one.lines} for one in (*years, *months)]
    assert sum(int(str(year[code])) for year in figures[:2] for code in registered) == made.cases
    assert [code for year in figures[:2] for code in EXPECTED if not year[code]] == []
    assert all(int(str(month[code])) > 0 for month in figures for code in registered)
