"""The parts of a verification that can be done beside each other, each with a view of the database of its own.

What is compared lies in one part (`in_step.py`), so that it does not matter if one sees a little more of a running
office than another: none sees less than there was when the whole run began.
"""

import gc
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from typing import Any

from verify.as_read import Marks
from verify.in_step import check_streams, labels_of_columns
from verify.report import Finding, Notes
from verify.sources import Only, Source, Span, opened

#: Cases that are worth a share of their own, and shares that each process gets, one after the other.
LEAST, SHARES_EACH = 2_000, 8
#: The office's own stream, and what a damaged file may have before it.
BEFORE_CASES = Span(None, 1)

#: Begins a part; what it gives back waits for the part and returns its notes.
Begin = Callable[..., Callable[[], Notes]]


def cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def shares_of(source: Source, processes: int) -> list[Span]:
    """The streams of cases in about equal shares."""
    streams = [stream for (stream,) in source.rows("stream_head", ("stream",), ("stream",)) if isinstance(stream, int)]
    size = max(LEAST, -(-len(streams) // (processes * SHARES_EACH)))
    firsts = [1, *(first for first in streams[size::size] if first > 1)] if processes > 1 else [1]
    return [Span(first, end) for first, end in zip(firsts, [*firsts[1:], None], strict=True)]


@contextmanager
def beginning(processes: int) -> Iterator[Begin]:
    """Parts are done by so many processes, or, if that is one, by this one when it asks for their notes. What is not begun
    when the block ends is left."""
    if processes < 2:
        yield partial
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:

        def begin(work: Callable[..., Notes], *given: Any) -> Callable[[], Notes]:
            return pool.submit(work, *given).result

        try:
            yield begin
        finally:
            pool.shutdown(cancel_futures=True)


# -- the parts --------------------------------------------------------------------------------------------------------


def file_of(database: str) -> Notes:
    """What the database's own checks of its file complain about."""
    notes = Notes()
    with opened(database) as source:
        damage = source.damage()
        if damage is not None:
            notes.begin("file")
            for _ in labels_of_columns():
                notes.count("file")
            for line in damage:
                notes.add(Finding(code="file.damaged", table="file", stored=line))
    return notes


def streams_of(database: str, share: Only, marks: Marks | None) -> Notes:
    """What there is to say of these streams and the rows of their cases; with `marks`, of their marks too."""
    notes = Notes()
    if marks:
        notes.begin("marks")
    anew = marks(database, notes) if marks else None
    with _no_search_for_rings(), opened(database) as source:
        check_streams(source, labels_of_columns(), notes, share, anew=anew)
    return notes


@contextmanager
def _no_search_for_rings() -> Iterator[None]:
    """Nothing that is read refers to itself: Python need not look, again and again, for what does."""
    looked = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if looked:
            gc.enable()
