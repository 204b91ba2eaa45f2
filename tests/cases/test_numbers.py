"""Case numbers: by series and by year of the office's own calendar, without a gap."""

import threading

import pytest

from tests.cases.records import DAY, START, World, an_intake, local
from workflow.model import Refusal

ISSUED = "SELECT series, year, serial FROM cases ORDER BY id"


def test_each_series_counts_for_itself(world: World) -> None:
    for matter in ("petition", "mediation", "petition", "hotline"):
        world.open(matter)
    issued = [tuple(row.values()) for row in world.rows(ISSUED)]
    assert issued == [("访字", 2026, 1), ("人调字", 2026, 1), ("访字", 2026, 2), ("热线字", 2026, 1)]


def test_a_new_year_begins_with_one_at_the_office_s_own_midnight(world: World) -> None:
    """In UTC both are on 2026-12-31: 15:59 and 16:00."""
    world.open(at=local("2026-12-31 23:59"))
    world.open(at=local("2027-01-01 00:00"))
    world.open(at=local("2026-12-31 23:59"))
    assert [(row["year"], row["serial"]) for row in world.rows(ISSUED)] == [(2026, 1), (2027, 1), (2026, 2)]


def test_a_late_registration_is_numbered_by_the_day_it_is_registered(world: World) -> None:
    received = local("2026-12-30 10:00")
    world.open(command=an_intake(received_at=received), at=local("2027-01-04 09:00"))
    assert [(row["year"], row["serial"]) for row in world.rows(ISSUED)] == [(2027, 1)]


def test_openings_that_are_refused_or_fail_leave_no_gap(world: World) -> None:
    for _ in range(3):
        world.open()
        with pytest.raises(Refusal):
            world.open(command=an_intake(received_at=START + DAY))
        with pytest.raises(ZeroDivisionError):
            _open_and_fail(world)
    assert world.column("SELECT serial FROM cases ORDER BY serial") == [1, 2, 3]
    assert world.column("SELECT last FROM series") == [3]


def test_openings_at_once_leave_no_gap(world: World) -> None:
    threads = [threading.Thread(target=world.open, args=(matter,)) for matter in ("petition", "hotline") * 8]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for series in ("访字", "热线字"):
        serials = world.column("SELECT serial FROM cases WHERE series = :s ORDER BY serial", s=series)
        assert serials == list(range(1, 9))
    assert world.ledger_agrees()


def _open_and_fail(world: World) -> None:
    from infra.db import transaction

    with transaction(world.engine) as connection:
        world.open(connection=connection)
        raise ZeroDivisionError
