"""What clients do that keep a server waiting: one scenario each, which lasts until the server ends the connection.

A new scenario is a coroutine on a connection's reader and writer, and a line in `SCENARIOS`.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

from tests.experiments.chance import chance

HEADER = b"POST /signin HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 50000\r\n\r\n"  # fmt: skip
#: Seconds between two bytes of those who dribble, and before somebody whose connection has ended comes again.
BETWEEN_BYTES = (0.2, 1.0)
COMES_AGAIN = (1.0, 4.0)
#: The crowd does not come at one moment, but within this share of its time.
ARRIVING = 0.1

Scenario = Callable[[asyncio.StreamReader, asyncio.StreamWriter, Random], Awaitable[str]]


async def half_a_post(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _chance: Random) -> str:
    """A whole header, a few bytes of a body, and silence."""
    writer.write(HEADER + b"login=")
    return await _answer(reader)


async def silence(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter, _chance: Random) -> str:
    return await _answer(reader)


async def dribbled_header(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, chance: Random) -> str:
    writer.write(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: ")
    return await _dribble(reader, writer, chance)


async def dribbled_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, chance: Random) -> str:
    writer.write(HEADER)
    return await _dribble(reader, writer, chance)


async def untaken_answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _chance: Random) -> str:
    """Asks for one file after another and takes none of them."""
    for _ in range(50):
        writer.write(b"GET /static/pico.css HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    await writer.wait_closed()
    return "ended"


SCENARIOS: Mapping[str, Scenario] = {
    "half_a_post": half_a_post,
    "silence": silence,
    "dribbled_header": dribbled_header,
    "dribbled_body": dribbled_body,
    "untaken_answers": untaken_answers,
}


@dataclass(slots=True, kw_only=True)
class Idlers:
    """A crowd of clients on 127.0.0.1. `seen` counts what the server said to them."""

    port: int
    seed: int
    addresses: int
    seen: Counter[str] = field(default_factory=Counter)

    async def besiege(self, clients: Mapping[Scenario, int], seconds: float) -> None:
        """Everybody comes, and comes again whenever the server ends a connection, for so many seconds."""
        told = [scenario for scenario, n in clients.items() for _ in range(n)]
        tasks = [
            asyncio.create_task(self._client(scenario, place, seconds * ARRIVING))
            for place, scenario in enumerate(told)
        ]
        await asyncio.sleep(seconds)
        for task in tasks:
            task.cancel()
        for ended in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended

    async def _client(self, scenario: Scenario, place: int, arrival_seconds: float) -> None:
        own = chance(self.seed, place)
        await asyncio.sleep(own.uniform(0, arrival_seconds))
        while True:
            self.seen[await self._connection(scenario, place, own)] += 1
            await asyncio.sleep(own.uniform(*COMES_AGAIN))

    async def _connection(self, scenario: Scenario, place: int, own: Random) -> str:
        source = f"127.0.0.{1 + place % self.addresses}"
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port, local_addr=(source, 0))
        except OSError:
            return "not connected"
        try:
            return await scenario(reader, writer, own)
        except OSError:
            return "reset"
        finally:
            writer.transport.abort()
            with suppress(OSError):
                await writer.wait_closed()


async def _dribble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, chance: Random) -> str:
    answer = asyncio.ensure_future(_answer(reader))
    try:
        while not answer.done():
            writer.write(b"x")
            await asyncio.wait([answer], timeout=chance.uniform(*BETWEEN_BYTES))
    finally:
        answer.cancel()
    return answer.result()


async def _answer(reader: asyncio.StreamReader) -> str:
    """The status that the server gives at last."""
    said = await reader.read(4096)
    while more := await reader.read(4096):
        said += more
    return said[9:12].decode("latin-1") or "ended"
