"""The line of writers of one process: in order, so many at once, and nobody waits for ever."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

import infra.line
from infra.line import Line, WaitedTooLong

PATIENCE_SECONDS = 60.0  #: of a test, for what happens at once


@contextmanager
def waiting(line: Line, *, many: int, patience_seconds: float = PATIENCE_SECONDS) -> Iterator[list[str]]:
    """So many stand in the line, one after another; how each of them fared, in the order in which they left."""
    fared: list[str] = []

    def stand(name: str) -> None:
        try:
            with line.turn(patience_seconds=patience_seconds):
                fared.append(name)
        except WaitedTooLong:
            fared.append(f"{name} gave up")

    threads = []
    for number in range(many):
        threads.append(threading.Thread(target=stand, args=(str(number),)))
        threads[-1].start()
        until(lambda count=number + 1: len(line._waiting) == count or len(fared) > 0)  # type: ignore[misc]
    try:
        yield fared
    finally:
        for thread in threads:
            thread.join(PATIENCE_SECONDS)


def until(condition: object) -> None:
    given_up = time.monotonic() + PATIENCE_SECONDS
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < given_up
        time.sleep(0.001)


def test_the_first_to_come_is_the_first_to_be_let_in() -> None:
    line = Line(inside=1)
    with ExitStack() as all_of_them:
        with line.turn():
            fared = all_of_them.enter_context(waiting(line, many=5))
        until(lambda: len(fared) == 5)
    assert fared == ["0", "1", "2", "3", "4"]


def test_as_many_are_let_in_as_there_is_room_for() -> None:
    line = Line(inside=3)
    with line.turn(), line.turn(), line.turn(), pytest.raises(WaitedTooLong), line.turn(patience_seconds=0):
        raise AssertionError("a fourth was let in")
    with line.turn(patience_seconds=0):
        pass


def test_whoever_has_waited_long_enough_gives_up_and_holds_up_nobody_behind() -> None:
    line = Line(inside=1)
    with ExitStack() as both:
        with line.turn():
            impatient = both.enter_context(waiting(line, many=1, patience_seconds=0.05))
            until(lambda: impatient == ["0 gave up"])
            patient = both.enter_context(waiting(line, many=1))
        until(lambda: patient == ["0"])
    with line.turn(patience_seconds=0):
        pass


def test_in_a_line_that_stands_still_only_the_first_go_on_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """They serve pages too, and a program whose threads all wait answers nobody."""
    monkeypatch.setattr(infra.line, "FRONT", 2)
    monkeypatch.setattr(infra.line, "STANDSTILL_SECONDS", 0.05)
    line = Line(inside=1)
    with ExitStack() as all_of_them:
        with line.turn():
            fared = all_of_them.enter_context(waiting(line, many=2))
            time.sleep(0.06)  # it has stood still for longer than that
            for _ in range(3):
                with pytest.raises(WaitedTooLong), line.turn(patience_seconds=PATIENCE_SECONDS):
                    raise AssertionError("let in")
            assert fared == []
        until(lambda: fared == ["0", "1"])


def test_in_a_line_that_moves_everybody_goes_on_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many they are: two hundred people may press the button at once."""
    monkeypatch.setattr(infra.line, "FRONT", 0)
    line, fared = Line(inside=1), 0

    def stand() -> None:
        nonlocal fared
        with line.turn(patience_seconds=PATIENCE_SECONDS):
            time.sleep(0.002)
            fared += 1

    threads = [threading.Thread(target=stand) for _ in range(200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert fared == 200
