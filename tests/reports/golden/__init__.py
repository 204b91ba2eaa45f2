"""The year 2025 of the demo under the four shipped schemes, byte for byte as closing it would seal it.

`python -m tests.reports.golden` writes the files anew: do so only where a difference is meant, and read it.
"""

from pathlib import Path

from sqlalchemy import Engine

from cases.history import histories
from cases.office import load_office
from infra.db import reading
from reports.years.yearly import gathered, result_of
from workflow.model import TIMERS

YEAR = 2025
SCHEMES = ("LIGHTS-A", "RATES-B", "DACHUAN", "JINHUA")
HERE = Path(__file__).parent


def file_of(scheme: str) -> Path:
    return HERE / f"{YEAR}-{scheme}.json"


def sealed(engine: Engine) -> dict[str, bytes]:
    """What the year comes to under each scheme, from the events as they stand now."""
    with reading(engine) as connection:
        policy = load_office(connection).policy
        found = gathered(histories(connection, actor=TIMERS), year=YEAR, calendar=policy.calendar)
    return {name: result_of(found, policy.schemes[name], zone=policy.calendar.zone.key) for name in SCHEMES}
