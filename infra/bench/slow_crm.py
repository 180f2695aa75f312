"""`python -m infra.bench.slow_crm MILLISECONDS`: a CRM that takes this long for each answer, in a process of its own.

It prints its port, takes every call, and ends with its standard input.
"""

from __future__ import annotations

import asyncio
import sys

BODY = b'{"error": false, "contactId": 1, "phonecallId": 1}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
END_OF_REQUEST = b"\r\n\r\n"


async def main(seconds: float) -> None:
    """Answer until standard input closes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                await reader.readuntil(END_OF_REQUEST)
                await asyncio.sleep(seconds)
                writer.write(ANSWER)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]) / 1_000))
