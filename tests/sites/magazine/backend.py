"""Another service that pages wait for, as a search or a shop's stock: slow, but not busy.

`python -m tests.sites.magazine.backend PORT SLOTS SECONDS` answers so many at once after
so long, each with a byte; more wait for their turn, as at a database's last connection.
"""

from __future__ import annotations

import asyncio
import sys


async def main(port: int, slots: int, seconds: float) -> None:
    free = asyncio.Semaphore(slots)

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with free:
            await asyncio.sleep(seconds)  # what the service takes: pages wait for it
        writer.write(b".")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", port, backlog=512)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
