"""How long this machine has been running: a clock that nobody can set, to hold the time of day against."""

import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticks:
    """Milliseconds since the start that `boot` names, sleep included. Those of two starts have nothing to do with each other."""

    boot: str
    milliseconds: int


def read_ticks() -> Ticks:
    """Of this machine; of this process alone where the system does not say more."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return Ticks(boot=_boot(), milliseconds=int(time.clock_gettime(clock) * 1000))


@cache
def _boot() -> str:
    try:
        return BOOT_ID.read_text("ascii").strip()
    except OSError:
        return f"process {time.clock_gettime(time.CLOCK_MONOTONIC)}"
