"""Structured logs to standard error, for people or for machines, through one pipeline with the standard library's.

Secrets never get here: they are wrapped where they enter (`core.secret`) and error texts of providers are cleaned.
"""

import importlib
import logging
import sys
from typing import Any

from plexus.core.json import dumps

# structlog loads rich, where it is installed, for tracebacks nobody asks for here: a quarter of a second at every start.
_rich = sys.modules.get("rich")
sys.modules["rich"] = None  # type: ignore[assignment] # an import of it fails at once, which structlog is prepared for
structlog = importlib.import_module("structlog")
if _rich is None:
    del sys.modules["rich"]
else:
    sys.modules["rich"] = _rich


def logger(name: str) -> Any:
    """The logger of one part of the gateway: `info(event, key=value, …)` and so on."""
    return structlog.get_logger(name)


def configure(level: str, form: str) -> None:
    """Set the level (`debug` … `critical`) and the form: `console` or `json`."""
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    final: list[Any]
    if form == "json":
        final = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(serializer=_text)]
    else:
        final = [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    structlog.configure(
        processors=[*shared, *final],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=max(number, logging.WARNING), handlers=[_Bridge()], force=True)


class _Bridge(logging.Handler):
    """The standard library's records, told in the same form."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger(record.name)
        log.log(record.levelno, record.getMessage(), exc_info=record.exc_info)


def _text(value: Any, **_: Any) -> str:
    return dumps({key: _plain(entry) for key, entry in value.items()}).decode()


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | list | dict | None) else str(value)
