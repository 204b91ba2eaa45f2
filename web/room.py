"""The connections of one process, by how long they have let it wait: who gives way when another comes."""

from collections import defaultdict
from itertools import chain
from typing import Protocol


class Guest(Protocol):
    """A connection. `source` is where it comes from."""

    source: str

    def lets_us_wait(self) -> bool: ...

    def give_way(self) -> None:
        """Leaves the room, at the latest when told again."""


class _Queue:
    """Guests in the order in which their waits began; those are first who have not begun a request."""

    def __init__(self) -> None:
        self._idle: dict[Guest, None] = {}
        self._begun: dict[Guest, None] = {}

    def __len__(self) -> int:
        return len(self._idle) + len(self._begun)

    def join(self, guest: Guest, *, idle: bool) -> None:
        self.leave(guest)
        (self._idle if idle else self._begun)[guest] = None

    def leave(self, guest: Guest) -> None:
        self._idle.pop(guest, None)
        self._begun.pop(guest, None)

    def first(self) -> Guest | None:
        return next((guest for guest in chain(self._idle, self._begun) if guest.lets_us_wait()), None)


class Room:
    """Places for `most` connections, `of_one_address` of them for each source."""

    def __init__(self, *, most: int, of_one_address: int) -> None:
        self._most, self._of_one_address = most, of_one_address
        self._all = _Queue()
        self._of: dict[str, _Queue] = defaultdict(_Queue)

    def has_place_for(self, guest: Guest) -> bool:
        """Whether there is a place, be it that somebody has given way."""
        return _is_free(self._of[guest.source], self._of_one_address) and _is_free(self._all, self._most)

    def waits_anew(self, guest: Guest, *, idle: bool = False) -> None:
        """The guest has come, or owes the next thing from now."""
        self._all.join(guest, idle=idle)
        self._of[guest.source].join(guest, idle=idle)

    def leave(self, guest: Guest) -> None:
        self._all.leave(guest)
        self._of[guest.source].leave(guest)
        if not self._of[guest.source]:
            del self._of[guest.source]


def _is_free(queue: _Queue, places: int) -> bool:
    """More may be here than there are places: those who were refused, until they have been told."""
    while len(queue) >= places:
        first = queue.first()
        if first is None:
            return False
        first.give_way()
    return True
