"""Passes connections on, and writes down the request lines that come by: counted.py LISTEN FORWARD FILE"""

import asyncio
import re
import sys

LINE = re.compile(rb"^(GET|HEAD|POST|PUT|PATCH|DELETE) (\S+) HTTP/1\.1\r$", re.MULTILINE)


async def main(listen, forward, file):
    async def passed(reader, writer, seen):
        try:
            while data := await reader.read(1 << 16):
                if seen:
                    with open(file, "a") as log:
                        log.writelines(b" ".join(it).decode() + "\n" for it in LINE.findall(data))
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def connected(reader, writer):
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", forward)
        await asyncio.gather(
            passed(reader, there_writer, True), passed(there_reader, writer, False)
        )

    async with await asyncio.start_server(connected, "127.0.0.1", listen) as server:
        await server.serve_forever()


asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
