"""Plexus without its books: no journal, no database, no quota. `python -m benchmarks.without_books FILE PORT`.

What accounting costs shows beside it.
"""

import asyncio
import socket
import sys
from pathlib import Path

import uvloop

from plexus import app
from plexus.core import logging, memory
from plexus.settings.file_home import FileHome
from plexus.web.server import Server


async def serve(file: Path, port: int) -> None:
    settings = FileHome(file, app.known()).load()
    plexus = app.Plexus(settings)
    application = await plexus.start()
    memory.settle()
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(2048)
    listener.setblocking(False)
    try:
        await Server(application, settings).serve(sockets=[listener])
    finally:
        await plexus.stop()


if __name__ == "__main__":
    logging.configure("warning", "console")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
