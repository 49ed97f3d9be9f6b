"""`plexus serve`: the gateway on one port, from a configuration file, from the database, or as a demo."""

import asyncio
import contextlib
import os
import secrets
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from plexus import app
from plexus.cli.demo import ADDRESSES, KEY, MODELS, demo_settings
from plexus.core import logging, memory
from plexus.core.logging import logger
from plexus.core.secret import Secret
from plexus.pipeline.books import Place
from plexus.settings.database_url import DatabaseAddress
from plexus.settings.environment import Environment, read_environment
from plexus.settings.file_home import FileHome
from plexus.settings.problems import ConfigurationError
from plexus.settings.schema import Settings
from plexus.storage.failures import DatabaseUnusable
from plexus.storage.journal import JournalFailed
from plexus.storage.state_file import StateFile
from plexus.web.server import Server

_DEFAULT = Path("config/plexus.yaml")
_DATA = Path("data")
log = logger("plexus")


class NotServed(Exception):  # noqa: N818 - why the server did not start
    """The server cannot start; the message says why and what to do."""


def serve(config: Path | None, host: str | None, port: int | None, workers: int, demo: bool) -> None:
    """Run until stopped. A flag beats the environment, the environment beats the defaults.

    Raises:
        NotServed: when it cannot start.
        ConfigurationError: when the environment or the file is refused.
    """
    if workers != 1:
        raise NotServed("--workers above 1 needs PostgreSQL and REDIS_URL, which this version does not use yet")
    if demo and config is not None:
        raise NotServed("--demo brings its own configuration; leave --config out, or --demo")
    environment = read_environment(os.environ, needs_admin_key=not demo)
    logging.configure(environment.log_level, environment.log_format)
    address = host or environment.host
    if demo and address not in ADDRESSES:
        raise NotServed(f"the demo listens on loopback only, not on {address}")
    home = None if demo else _home(config or environment.config_path)
    settings = demo_settings() if demo else Settings() if home is None else home.load()
    _remark(home)
    listener = _bound(address, port if port is not None else environment.port)
    made = secrets.token_urlsafe(32) if demo and environment.admin_key is None else None
    admin_key = environment.admin_key if made is None else Secret(made)
    with (
        contextlib.suppress(KeyboardInterrupt),
        _folder(environment, demo=demo) as data,
        asyncio.Runner(loop_factory=_loop_factory()) as runner,
    ):
        own = DatabaseAddress("sqlite", path=data / "plexus.db")
        database = own if demo or environment.database is None else environment.database
        plexus = app.Plexus(
            settings,
            home=StateFile(data / "targets.json"),
            admin_key=admin_key,
            books=Place(database, data / "journal", environment.encryption_key),
            configuration=None if demo else home or "database",
        )
        runner.run(_run(plexus, home, listener, made, demo=demo))


@contextlib.contextmanager
def _folder(environment: Environment, *, demo: bool) -> Iterator[Path]:
    """Where what is kept lies. What the demo keeps is gone with it."""
    if not demo:
        yield environment.data_dir or _DATA
        return
    with tempfile.TemporaryDirectory(prefix="plexus-demo-", ignore_cleanup_errors=True) as room:
        yield Path(room)


def _remark(home: FileHome | None) -> None:
    for notice in home.notices if home is not None else []:
        log.warning("configuration", notice=str(notice))


def _home(path: Path | None) -> FileHome | None:
    """The file the configuration is in; None when it is in the database."""
    if path is None and _DEFAULT.exists():
        path = _DEFAULT
    return FileHome(path, app.known()) if path is not None else None


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise NotServed(f"cannot listen on {host} port {port}: {error.strerror}; choose another with --port") from None
    listener.listen(2048)
    listener.setblocking(False)
    return listener


async def _run(
    plexus: app.Plexus, home: FileHome | None, listener: socket.socket, made: str | None, *, demo: bool
) -> None:
    try:
        application = await plexus.start()
    except (JournalFailed, DatabaseUnusable) as reason:
        raise NotServed(f"usage cannot be kept: {reason}") from None
    settings = plexus.settings
    watching = asyncio.create_task(_watch(plexus, home)) if home else None
    memory.settle()
    _greet(listener, settings, made, demo=demo)
    try:
        await Server(application, settings).serve(sockets=[listener])
    finally:
        if watching is not None:
            watching.cancel()
        await plexus.stop()


async def _watch(plexus: app.Plexus, home: FileHome) -> None:
    """Take over each good new content of the file; tell of each bad one and go on with the last good."""
    changes: asyncio.Queue[Settings] = asyncio.Queue()

    def refused(error: ConfigurationError) -> None:
        log.error("the configuration file is refused; the last good one stays", problems=str(error))

    async def apply() -> None:
        while True:
            settings = await changes.get()
            try:
                await plexus.configure(settings)
            except Exception:
                log.exception("the new configuration could not be applied; the last good one stays")
                continue
            log.info("configuration reloaded", file=str(home.path))
            _remark(home)

    async with asyncio.TaskGroup() as group:
        group.create_task(home.watch(changes.put_nowait, refused))
        group.create_task(apply())


def _greet(listener: socket.socket, settings: Settings, admin_key: str | None, *, demo: bool) -> None:
    host, port = listener.getsockname()[:2]
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    lines = [f"Plexus listens on {url}"]
    if demo:
        lines += [
            f"  demo provider (simulated), key {KEY}, models {', '.join(MODELS)}",
            f"  curl {url}/v1/chat/completions -H 'Authorization: Bearer {KEY}' \\",
            """       -d '{"model": "demo/chat", "messages": [{"role": "user", "content": "Hello"}]}'""",
        ]
    else:
        lines.append(
            f"  {len(settings.providers)} providers, {len(settings.models)} aliases, {len(settings.keys)} keys"
        )
        if settings == Settings():
            lines.append(
                "  nothing is configured yet: `plexus config import FILE`, or the management API (/v0/management)"
            )
    if admin_key is not None:
        lines.append(f"  admin key, made for this run: {admin_key}")
    print("\n".join(lines), file=sys.stderr, flush=True)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 - absent on Windows
    except ImportError:
        return None
    return uvloop.new_event_loop
