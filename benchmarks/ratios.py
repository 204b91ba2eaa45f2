"""How two ways of doing one thing are compared: block by block, in turn, and the median of the blocks' ratios.

The machine is shared and its speed moves by the minute, so a figure says nothing unless what it is divided by was
measured a moment before or after.
"""

import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

#: Seconds that one block of work took, without its preparation.
Block = Callable[[], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the table. `at_least`: the ratio must reach the gate; else it must not pass it. Without a gate, the
    line is there to be known."""

    name: str
    ours: str
    limit: str
    ratio: float | None = None
    gate: float | None = None
    at_least: bool = False

    @property
    def holds(self) -> bool:
        if self.ratio is None or self.gate is None:
            return self.gate is None
        return self.ratio >= self.gate if self.at_least else self.ratio <= self.gate


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Medians over all rounds. `ratio` is ours to the other's, in seconds: 2.0 is twice as slow."""

    ours_seconds: float
    other_seconds: float
    ratio: float


def compare(ours: Block, other: Block, *, rounds: int) -> Compared:
    """One block of each a round; who goes first changes from round to round."""
    pairs = []
    for number in range(rounds):
        first, second = (ours, other) if number % 2 == 0 else (other, ours)
        took = (first(), second())
        pairs.append(took if number % 2 == 0 else took[::-1])
    return Compared(
        ours_seconds=statistics.median(pair[0] for pair in pairs),
        other_seconds=statistics.median(pair[1] for pair in pairs),
        ratio=statistics.median(pair[0] / pair[1] for pair in pairs),
    )


def seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def table(findings: Iterable[Finding]) -> str:
    rows = [("name", "ours", "limit", "ratio", "gate", "ok?")]
    for found in findings:
        sign = ">=" if found.at_least else "<="
        ratio = "" if found.ratio is None else f"{found.ratio:.2f}"
        gate, answer = ("", "") if found.gate is None else (f"{sign} {found.gate:g}", "ok" if found.holds else "MISSED")
        rows.append((found.name, found.ours, found.limit, ratio, gate, answer))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join((lines[0], "-" * len(lines[0]), *lines[1:]))
