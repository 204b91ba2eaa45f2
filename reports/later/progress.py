"""How far something that takes long has come: told to whoever asked for it, who may also break it off by raising."""

from collections.abc import Callable

#: Told how much has been done and how much there is.
Progress = Callable[[int, int], None]


def no_progress(done: int, total: int) -> None:
    """Nobody waits for it."""
