"""Who may hold a connection, and for how long: the web server's side of every request, before the application hears of it.

A client that lets us wait, for its header, its body, or until it takes an answer, has a time for each; a connection that is
kept for a next request has the server's own (five seconds). Where there are too many, in all or from one address, the one
that has let us wait longest gives way to the newcomer: idle ones first, and never one whose answer is being made. Only when
no one waits is the newcomer refused. So connections that do nothing keep nobody out, however many they are.
Why not fewer rules, and what the proxy does instead: docs/decisions/0022.
"""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import h11
from starlette.types import Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES, H11Protocol
from uvicorn.server import ServerState

from infra.networks import network_of
from web.bare import BareAnswer

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
        return min(self.most // 4, 128)


def limits_within(descriptors: int, *, behind_proxy: bool) -> Limits:
    """The limits of a process that may open so many files: half are left to the database, to files, and to connections that
    are taken in at once. Behind a proxy all have one address."""
    most = min(descriptors // 2, MOST)
    return Limits(most=most, of_one_address=most if behind_proxy else most // 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """What a connection's client owes us: since when, and how long it may (seconds of the loop's clock)."""

    since: float
    allowed: float
    is_idle: bool = False

    @property
    def order(self) -> tuple[bool, float]:
        """The first of all waits is the first to give way."""
        return not self.is_idle, self.since


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
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._limits, self._bare = limits, bare
        self._since, self._came = self.loop.time(), 0  # of the header or body that is coming, and its bytes
        self._untaken_since: float | None = None
        self._untaken = 0
        self._next_look: asyncio.TimerHandle | None = None
        self.source = ""

    # -- what the server's loop tells ---------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the class above
        super().connection_made(transport)
        self.source = network_of(self.client[0]) if self.client else ""
        self._make_room()
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._next_look:
            self._next_look.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_idle():
            self._since = self.loop.time()
        before = self.cycle
        self._came += len(data)
        super().data_received(data)
        if self.cycle is not before:
            self._since, self._came = self.loop.time(), len(self.cycle.body)

    def on_response_complete(self) -> None:
        self._since, self._came = self.loop.time(), 0
        super().on_response_complete()

    def resume_writing(self) -> None:
        self._untaken_since = None
        super().resume_writing()

    def shutdown(self) -> None:
        if self.wait():
            self.give_up(503)
        else:
            super().shutdown()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 (the server's words: ours are in the catalogues)
        self._answer(400)

    # -- waiting ------------------------------------------------------------------------------------------------------

    def wait(self) -> Wait | None:
        """What the client owes; None while it is we who are asked for something."""
        limits, state = self._limits, self.conn.their_state
        if untaken := self.transport.get_write_buffer_size():
            since = self.loop.time() if self._untaken_since is None else self._untaken_since
            return Wait(since=since, allowed=limits.answer_seconds + max(untaken, self._untaken) / limits.answer_rate)
        if state is h11.IDLE:
            return Wait(since=self._since, allowed=limits.header_seconds, is_idle=self._is_idle())
        if state is h11.SEND_BODY and not self.flow.read_paused:
            allowed = min(limits.body_seconds + self._came / limits.body_rate, limits.body_longest_seconds)
            return Wait(since=self._since, allowed=allowed)
        return None

    def _is_idle(self) -> bool:
        """Whether a request was answered and nothing of another has come."""
        return self.cycle is not None and self.conn.their_state is h11.IDLE and not self.conn.trailing_data[0]

    def _look(self) -> None:
        """Ends what has lasted too long, and comes again."""
        untaken, now = self.transport.get_write_buffer_size(), self.loop.time()
        if not untaken:
            self._untaken_since = None
        elif self._untaken_since is None:
            self._untaken_since, self._untaken = now, untaken
        wait = self.wait()
        if wait and now > wait.since + wait.allowed:
            self.give_up(408)
        self._next_look = self.loop.call_later(self._limits.look_seconds, self._look)

    # -- room ---------------------------------------------------------------------------------------------------------

    def _make_room(self) -> None:
        """For this connection, which has just come, or it will be refused."""
        if not (
            self._is_room(self._limits.of_one_address, source=self.source)
            and self._is_room(self._limits.most, source=None)
        ):
            self.app = self._refuse

    def _is_room(self, most: int, *, source: str | None) -> bool:
        """Whether there is, or somebody has given way."""
        others = [one for one in self._others() if source in (None, one.source)]
        if len(others) < most:
            return True
        waits = {one: wait for one in others if (wait := one.wait())}
        if waits:
            min(waits, key=lambda one: waits[one].order).give_up(503)
        return bool(waits)

    def _others(self) -> Iterator["Connection"]:
        """All other connections of this process that hold a descriptor, and will for some time."""
        for one in self.connections:
            assert isinstance(one, Connection), "nothing else is served here"
            if one is not self and (not one.transport.is_closing() or one.transport.get_write_buffer_size()):
                yield one

    async def _refuse(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await self._bare[503].send(send)

    # -- ends ---------------------------------------------------------------------------------------------------------

    def give_up(self, status: int) -> None:
        """The connection ends; a client that has begun a request is told with `status`."""
        if self.cycle:
            self.cycle.disconnected = True  # whoever still reads the body hears that nobody sends it
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        elif self.conn.their_state is h11.IDLE and not self.conn.trailing_data[0]:
            self.timeout_keep_alive_handler()
        else:
            self._answer(status)

    def _answer(self, status: int) -> None:
        state = self.conn.our_state
        if state in (h11.IDLE, h11.SEND_RESPONSE) and not self.transport.is_closing():
            answer = self._bare[status]
            body = b"" if state is h11.SEND_RESPONSE and self.scope["method"] == "HEAD" else answer.body
            begin = h11.Response(status_code=status, headers=answer.headers, reason=STATUS_PHRASES[status])
            for event in (begin, h11.Data(data=body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
