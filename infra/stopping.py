"""Being told to stop: whoever works for long looks between two pieces of work, and ends after the one in hand. What is left
is found again at the next run: no job keeps where it was."""

from collections.abc import Callable

#: Whether this process has been told to stop.
Stop = Callable[[], bool]


def never() -> bool:
    """Of a command that somebody waits for."""
    return False
