"""`plexus connect`: prints the settings that point a client at a gateway, or writes them into the client's own files."""

import difflib
import os
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import plexus.cli.clients
from plexus.cli.clients import Client, ConfigFile, Gateway, Place
from plexus.cli.edits import CannotEdit
from plexus.core.registry import find
from plexus.storage.replace import replace_file

NO_KEY = "YOUR-PLEXUS-KEY"
NO_MODEL = "MODEL"
_SECRET = re.compile(
    r"""((?:[\w-]*(?:api[-_]?key|token|secret)[\w-]*|plexus)["']?\s*[:=]\s*["']?)([^\s"',}]{4,})""", re.IGNORECASE
)


class NotConnected(Exception):  # noqa: N818 - why nothing was printed or written
    """The client cannot be pointed at the gateway; the message says why and what to do."""


def clients() -> dict[str, Client]:
    """Every client, by name."""
    found = find(plexus.cli.clients, "CLIENT", Client)
    return {client.name: client for client in found.values()}


def connect(client: Client, gateway: Gateway, *, write: bool) -> None:
    """Print what points the client at the gateway, or write it into its files.

    Raises:
        NotConnected: when something is missing, or a file cannot be changed.
    """
    place = Place(home=Path.home(), environ=dict(os.environ), platform=sys.platform)
    if write:
        _write(client, gateway, place)
    else:
        print("\n".join(_instructions(client, gateway, place)))


def base_url(text: str) -> str:
    """The gateway's URL as clients want it: without a slash or `/v1` at its end.

    Raises:
        NotConnected: when it is no URL of a server.
    """
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable or any(char in text for char in "?#\\ \"'"):
        raise NotConnected("--url must be the gateway's URL, such as http://127.0.0.1:4000")
    return text.rstrip("/").removesuffix("/v1").rstrip("/")


def _instructions(client: Client, gateway: Gateway, place: Place) -> Iterator[str]:
    shown = Gateway(url=gateway.url, key=gateway.key or NO_KEY, model=gateway.model or _placeholder(client))
    yield f"# {client.title} with Plexus at {gateway.url}"
    if client.remark:
        yield f"# {client.remark}"
    variables = client.variables(shown)
    yield from _exports(variables)
    alone = not variables or client.variables_beside_files
    for number, file in enumerate(client.files):
        yield ""
        joint = "and " if number else "" if alone else "or, for good, "
        yield f"# {joint}in {_shortened(file.path(place), place)} (--write puts it there):"
        yield file.edit("", shown).rstrip()
    example = Gateway(url=shown.url, key=shown.key, model=shown.model or NO_MODEL)
    yield ""
    yield "# try it:"
    yield client.example(example)


def _placeholder(client: Client) -> str:
    return NO_MODEL if client.needs_model else ""


def _exports(variables: dict[str, str]) -> Iterator[str]:
    for name, value in variables.items():
        yield f"export {name}={shlex.quote(value)}"


def _write(client: Client, gateway: Gateway, place: Place) -> None:
    if not client.files:
        raise NotConnected(f"{client.title} has no configuration file; leave --write out and set the variables")
    if not gateway.key:
        raise NotConnected("give the client's key with --key or in PLEXUS_API_KEY")
    if client.needs_model and not gateway.model:
        raise NotConnected("give the model or alias it shall use with --model")
    changes = [(path, *_change(file, path, gateway)) for file in client.files for path in (file.path(place),)]
    for path, before, after in changes:
        shown = _shortened(path, place)
        if before == after:
            print(f"{shown}: already set, nothing changed")
            continue
        print("\n".join(_difference(before, after, shown)))
        try:
            backup = replace_file(path, after)
        except OSError as error:
            raise NotConnected(f"{shown} cannot be written: {error.strerror}") from None
        print(f"{shown}: written{f', the old one is kept as {backup.name}' if backup else ''}")
    if client.variables_beside_files:
        print("\n".join(["# needed in your shell as well:", *_exports(client.variables(gateway))]))
    if client.remark:
        print(f"# {client.remark}")


def _change(file: ConfigFile, path: Path, gateway: Gateway) -> tuple[str, str]:
    try:
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        return before, file.edit(before, gateway)
    except CannotEdit as reason:
        told = f"{path} is left alone: {reason}; leave --write out to see what to put there"
        raise NotConnected(told) from None
    except UnicodeDecodeError:
        raise NotConnected(f"{path} is left alone: it is not UTF-8") from None
    except OSError as error:
        raise NotConnected(f"{path} cannot be read: {error.strerror}") from None


def _difference(before: str, after: str, name: str) -> Iterator[str]:
    for line in difflib.unified_diff(before.splitlines(), after.splitlines(), name, name, lineterm="", n=1):
        yield _SECRET.sub(lambda found: f"{found[1]}{found[2][:3]}…", line)


def _shortened(path: Path, place: Place) -> str:
    return f"~/{path.relative_to(place.home)}" if path.is_relative_to(place.home) else str(path)
