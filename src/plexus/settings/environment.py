"""The environment variables of the server, read once at start. An empty or malformed one is refused with one line."""

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import urlsplit

from plexus.core.secret import Secret
from plexus.settings.database_url import DatabaseAddress, database_address
from plexus.settings.problems import ConfigurationError, Problem

LogLevel = Literal["debug", "info", "warning", "error", "critical"]
LogFormat = Literal["console", "json"]

HOW_TO_MAKE_A_KEY = 'python -c "import secrets; print(secrets.token_urlsafe(32))"'
_LEAST_KEY = 16
_LEAST_VARIETY = 6
_HEX_KEY = 64
_ANY_HEX = re.compile(r"[0-9a-fA-F]{32,}")
_COMMON = re.compile(
    r"administrator|admin|change|default|dummy|example|hello|letmein|login|master|password|passwd|placeholder|plexus|please"
    r"|qwerty|qwertz|asdf|replace|root|sample|secret|super|test|token|user|welcome|xxxx"
)
_FILLING = re.compile(r"api|key|my|pass|sk|the|this|with|your|[0-9]+|[^a-z0-9]+")
_VISIBLE = re.compile(r"[\x21-\x7e]+")
_REPEATED = re.compile(r"(.{1,8}?)\1+")
_HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?:\.(?!-)[A-Za-z0-9-]{1,63})*")
_PORTS = range(1, 65_536)


@dataclass(frozen=True, slots=True)
class Environment:
    """What the environment says. `admin_key` is None only where none is needed; the rest have their defaults."""

    admin_key: Secret | None = None
    host: str = "127.0.0.1"
    port: int = 4000
    log_level: LogLevel = "info"
    log_format: LogFormat = "console"
    config_path: Path | None = None
    data_dir: Path | None = None
    database: DatabaseAddress | None = None
    encryption_key: Secret | None = None
    new_encryption_key: Secret | None = None
    redis_url: Secret | None = None


def read_environment(environ: Mapping[str, str], *, needs_admin_key: bool = True) -> Environment:
    """The environment of a server.

    Raises:
        ConfigurationError: with one problem for each variable that is empty, malformed, or needed and missing.
    """
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, (field, parse) in _VARIABLES.items():
        if name in environ:
            try:
                values[field] = parse(_tidy(environ[name]))
            except ValueError as error:
                problems.append(Problem("environment", 0, 0, name, str(error)))
        elif name == "ADMIN_KEY" and needs_admin_key:
            problems.append(Problem("environment", 0, 0, name, "is not set", f"make one with {HOW_TO_MAKE_A_KEY}"))
    if problems:
        raise ConfigurationError(problems)
    return Environment(**values)


def _tidy(text: str) -> str:
    if not text.strip():
        raise ValueError("is set but empty; give it a value, or unset it")
    if text != text.strip() or any(ord(char) < ord(" ") or char == "\x7f" for char in text):
        raise ValueError("holds blanks at its ends or a line break; set it again without them")
    return text


def _admin_key(text: str) -> Secret:
    if len(text) < _LEAST_KEY:
        raise ValueError(f"is shorter than {_LEAST_KEY} characters; make one with {HOW_TO_MAKE_A_KEY}")
    if not _VISIBLE.fullmatch(text):
        raise ValueError(f"holds a blank or a letter outside ASCII; make one with {HOW_TO_MAKE_A_KEY}")
    if (
        len(set(text)) < _LEAST_VARIETY
        or _REPEATED.fullmatch(text)
        or text.lower().startswith(("0123456789", "12345678"))
        or _of_common_words(text.lower())
    ):
        raise ValueError(f"is easy to guess; make one with {HOW_TO_MAKE_A_KEY}")
    return Secret(text)


def _of_common_words(text: str) -> bool:
    """Whether little is left of it without words that everybody would try."""
    rest, words = _COMMON.subn("", text)
    return words > 0 and len(_FILLING.sub("", rest)) < _LEAST_VARIETY


def _encryption_key(text: str) -> Secret:
    if len(text) < _LEAST_KEY:
        raise ValueError(f"is shorter than {_LEAST_KEY} characters; use 64 hex digits or a longer passphrase")
    if _ANY_HEX.fullmatch(text) and len(text) != _HEX_KEY:
        raise ValueError(f"looks like a key of hex digits but has {len(text)} of them; a key has {_HEX_KEY}")
    return Secret(text)


def _host(text: str) -> str:
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        pass
    if not _HOST_NAME.fullmatch(text) or text.replace(".", "").isdigit():
        raise ValueError("is neither an address nor a host name; write 127.0.0.1, 0.0.0.0 or a name")
    return text


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= len("65535") and int(text) in _PORTS):
        raise ValueError("is not the number of a port; give one from 1 to 65535")
    return int(text)


def _log_level(text: str) -> LogLevel:
    level = {"warn": "warning", "fatal": "critical"}.get(text.lower(), text.lower())
    if level not in {"debug", "info", "warning", "error", "critical"}:
        raise ValueError("is not a level; use debug, info, warning, error or critical")
    return cast("LogLevel", level)


def _log_format(text: str) -> LogFormat:
    if text.lower() not in {"console", "json"}:
        raise ValueError("is not a format; use console or json")
    return cast("LogFormat", text.lower())


def _redis_url(text: str) -> Secret:
    try:
        parts = urlsplit(text)
        usable = bool(parts.hostname) and (parts.port is None or parts.port in _PORTS)
    except ValueError:
        usable = False
    if not usable or parts.scheme not in {"redis", "rediss", "valkey", "valkeys"}:
        raise ValueError("is not the URL of a Redis or Valkey; write redis://host:6379/0 or valkey://host:6379/0")
    return Secret(text)


_VARIABLES: dict[str, tuple[str, Callable[[str], Any]]] = {
    "ADMIN_KEY": ("admin_key", _admin_key),
    "HOST": ("host", _host),
    "PORT": ("port", _port),
    "LOG_LEVEL": ("log_level", _log_level),
    "LOG_FORMAT": ("log_format", _log_format),
    "PLEXUS_CONFIG_PATH": ("config_path", Path),
    "DATA_DIR": ("data_dir", Path),
    "DATABASE_URL": ("database", database_address),
    "ENCRYPTION_KEY": ("encryption_key", _encryption_key),
    "NEW_ENCRYPTION_KEY": ("new_encryption_key", _encryption_key),
    "REDIS_URL": ("redis_url", _redis_url),
}
VARIABLES = tuple(_VARIABLES)
"""The names read, for the docs."""
