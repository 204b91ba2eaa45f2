"""Who may hold a connection, and for how long: the web server's side of every request, before the application hears of it.

A client that lets us wait, for its header, its body, or until it takes an answer, has a time for each; a connection that is
kept for a next request has the server's own (five seconds). Where there are too many, in all or from one address, the one
that has let us wait longest gives way to the newcomer: idle ones first, and never one whose answer is being made. Only when
no one waits is the newcomer refused. So connections that do nothing keep nobody out, however many they are.
Why not fewer rules, and what the proxy does instead: docs/decisions/0022.
"""

import asyncio
import select
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import h11
from starlette.types import Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES, H11Protocol
from uvicorn.server import ServerState

from infra.networks import network_of
from infra.settings import Settings
from web.bare import BareAnswer, bare_answers
from web.room import Room

#: Of one process, whatever the system allows: more would only wait for each other, and keep their bodies in memory.
MOST = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many connections one process holds, and how long it waits. Times are in seconds, rates in bytes a second."""

    most: int
    of_one_address: int
    header_seconds: float = 10
    #: For a body, and one more for each `body_rate` bytes that have come, up to `body_longest_seconds` for all of it.
    body_seconds: float = 20
    body_rate: float = 1_000
    body_longest_seconds: float = 60
    #: Until something of an answer is taken, and one more for each `answer_rate` bytes of it.
    answer_seconds: float = 30
    answer_rate: float = 10_000
    look_seconds: float = 1

    @property
    def at_once(self) -> int:
        """How many the server may take in before it looks at the first of them."""
        return min(self.most // 8, 128)


def limits_within(descriptors: int, *, behind_proxy: bool) -> Limits:
    """The limits of a process that may open so many files: half are left to the database, to files, and to connections that
    are taken in at once. Behind a proxy all have one address."""
    most = min(descriptors // 2, MOST)
    return Limits(most=most, of_one_address=most if behind_proxy else most // 2)


def connections(settings: Settings, limits: Limits) -> Callable[..., "Connection"]:
    """What a web server makes its connections by. Each process has its own room."""
    room = Room(most=limits.most, of_one_address=limits.of_one_address)
    return partial(Connection, limits=limits, bare=bare_answers(settings), room=room)


class Connection(H11Protocol):
    """A connection that its client cannot hold for ever. `bare` are the answers that it gives itself, by status."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        limits: Limits,
        bare: Mapping[int, BareAnswer],
        room: Room,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.source = ""
        self._limits, self._bare, self._room = limits, bare, room
        self._since, self._came = self.loop.time(), 0  # of the header or body that is coming, and its bytes
        self._untaken_since: float | None = None
        self._untaken = 0
        self._next_look: asyncio.TimerHandle | None = None

    # -- what the server's loop tells ---------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the class above
        super().connection_made(transport)
        self.source = network_of(self.client[0]) if self.client else ""
        if not self._room.has_place_for(self):
            self.app = self._refuse
        self._room.waits_anew(self)
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._next_look:
            self._next_look.cancel()
        self._room.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_idle():
            self._waits_anew()
        before = self.cycle
        self._came += len(data)
        super().data_received(data)
        if self.cycle is not before:
            self._waits_anew()
            self._came = len(self.cycle.body)

    def on_response_complete(self) -> None:
        self._waits_anew(idle=True)
        super().on_response_complete()

    def resume_writing(self) -> None:
        self._untaken_since = None
        super().resume_writing()

    def shutdown(self) -> None:
        if self.lets_us_wait():
            self.give_up(503)
        else:
            super().shutdown()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 (the server's words: ours are in the catalogues)
        self._answer(400)

    # -- waiting ------------------------------------------------------------------------------------------------------

    def lets_us_wait(self) -> bool:
        """Whether the client owes something; if not, it is we who are asked, be it to read what it has sent already."""
        return self._until() is not None and not self._has_unread()

    def _until(self) -> float | None:
        """When what the client owes must be there, by the clock of the loop."""
        limits, state = self._limits, self.conn.their_state
        if untaken := self.transport.get_write_buffer_size():
            since = self.loop.time() if self._untaken_since is None else self._untaken_since
            return since + limits.answer_seconds + max(untaken, self._untaken) / limits.answer_rate
        if state is h11.IDLE:
            return self._since + limits.header_seconds
        if state is h11.SEND_BODY and not self.flow.read_paused:
            return self._since + min(limits.body_seconds + self._came / limits.body_rate, limits.body_longest_seconds)
        return None

    def _has_unread(self) -> bool:
        """Whether something lies in the socket: many may have come since the server last looked at any of them."""
        socket = self.transport.get_extra_info("socket")
        if self.transport.is_closing() or socket is None:
            return False
        unread = select.poll()
        unread.register(socket.fileno(), select.POLLIN)
        return bool(unread.poll(0))

    def _waits_anew(self, *, idle: bool = False) -> None:
        self._since, self._came = self.loop.time(), 0
        if not self.transport.is_closing():
            self._room.waits_anew(self, idle=idle)

    def _is_idle(self) -> bool:
        """Whether a request was answered and nothing of another has come."""
        return self.cycle is not None and self._has_nothing_of_a_request()

    def _has_nothing_of_a_request(self) -> bool:
        return self.conn.their_state is h11.IDLE and not self.conn.trailing_data[0]

    def _look(self) -> None:
        """Ends what has lasted too long, and comes again."""
        untaken, now = self.transport.get_write_buffer_size(), self.loop.time()
        if not untaken:
            self._untaken_since = None
        elif self._untaken_since is None:
            self._untaken_since, self._untaken = now, untaken
        until = self._until()
        if until is not None and now > until:
            self.give_up(408)
        self._next_look = self.loop.call_later(self._limits.look_seconds, self._look)

    # -- ends ---------------------------------------------------------------------------------------------------------

    def give_way(self) -> None:
        self.give_up(503)

    def give_up(self, status: int) -> None:
        """The connection ends; a client that has begun a request is told with `status`."""
        if self.cycle:
            self.cycle.disconnected = True  # whoever still reads the body hears that nobody sends it
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        elif self._has_nothing_of_a_request():
            self.timeout_keep_alive_handler()
        else:
            self._answer(status)
        if not self.transport.get_write_buffer_size():
            self._room.leave(self)

    async def _refuse(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await self._bare[503].send(send)

    def _answer(self, status: int) -> None:
        state = self.conn.our_state
        if state in (h11.IDLE, h11.SEND_RESPONSE) and not self.transport.is_closing():
            answer = self._bare[status]
            body = b"" if state is h11.SEND_RESPONSE and self.scope["method"] == "HEAD" else answer.body
            begin = h11.Response(status_code=status, headers=answer.headers, reason=STATUS_PHRASES[status])
            for event in (begin, h11.Data(data=body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
