"""A clock that runs fast and is the same in every process, so that lights cross while processes are being killed."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.cases.records import START

#: One second is a quarter of a day.
SPEED = 6 * 3600


@dataclass(frozen=True, slots=True)
class FastClock:
    """`begun` is a reading of the system's monotonic clock, which all processes share."""

    begun: float

    @classmethod
    def starting_now(cls) -> "FastClock":
        return cls(time.monotonic())

    def now(self) -> datetime:
        return START + timedelta(seconds=(time.monotonic() - self.begun) * SPEED)
