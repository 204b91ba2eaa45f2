"""What browsers call is a socket of TCP by name: asyncio sends small answers at once only on such a one."""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
import uvicorn

from ops.serving import CannotListen, listening


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_an_answer_does_not_wait_for_the_acknowledgement_of_the_one_before(host: str) -> None:
    async def nodelay_of_a_connection(calls: socket.socket) -> int:
        seen: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def met(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connection = writer.get_extra_info("socket")
            seen.set_result(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        async with await asyncio.start_server(met, sock=calls):
            _, writer = await asyncio.open_connection(host, calls.getsockname()[1])
            found = await asyncio.wait_for(seen, 30)
            writer.close()
        return found

    try:
        calls = listening(uvicorn.Config("none", host=host, port=0))
    except CannotListen:
        pytest.skip("no IPv6 on this machine")
    # A loop of its own, whatever runs in the thread of the tests.
    with closing(calls), ThreadPoolExecutor(max_workers=1) as thread:
        assert thread.submit(asyncio.run, nodelay_of_a_connection(calls)).result() != 0
