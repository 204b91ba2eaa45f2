"""Who has a place when many come before the server has listened to any of them."""

from dataclasses import dataclass

from web.room import Room


@dataclass(eq=False, slots=True)
class Caller:
    room: Room
    source: str = "one"
    waited_for: bool = False
    refused: bool = False

    def comes(self) -> None:
        self.refused = not self.room.has_place_for(self)
        self.room.waits_anew(self)

    def lets_us_wait(self) -> bool:
        return self.waited_for

    def give_way(self) -> None:
        self.room.leave(self)
        self.refused = True


def test_the_place_of_one_who_had_none_is_not_given_to_another() -> None:
    """Of six who came at once three were refused; before they hear it, it is they who are waited for."""
    room = Room(most=10, of_one_address=3)
    callers = [Caller(room) for _ in range(6)]
    for caller in callers:
        caller.comes()
    for caller in callers[3:]:
        caller.waited_for = True
    later = Caller(room)
    later.comes()
    assert [caller.refused for caller in callers] == [False, False, False, True, True, True]
    assert later.refused, "three are being answered"


def test_who_comes_later_takes_the_place_of_the_one_who_lets_us_wait() -> None:
    room = Room(most=3, of_one_address=3)
    callers = [Caller(room, source=name, waited_for=True) for name in ("one", "two", "three")]
    for caller in callers:
        caller.comes()
    later = Caller(room, source="four")
    later.comes()
    assert [caller.refused for caller in (*callers, later)] == [True, False, False, False]
