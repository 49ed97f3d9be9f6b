"""Structured logs to standard error, for people or for machines, through one pipeline with the standard library's.

Secrets never get here: they are wrapped where they enter (`core.secret`) and error texts of providers are cleaned.
"""

import importlib
import logging
import re
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


class _Threshold:
    """Drops what is below the level. Loggers keep their first configuration, so the level is asked for each time."""

    number = logging.INFO

    def __call__(self, _logger: Any, method: str, event: Any) -> Any:
        if _NUMBERS.get(method, logging.ERROR) < self.number:
            raise structlog.DropEvent
        return event


_NUMBERS = {"exception": logging.ERROR} | {
    name.lower(): number for name, number in logging.getLevelNamesMapping().items()
}
_threshold = _Threshold()  # logs are the process's, as the standard library has it


def level() -> str:
    """The level logged from: `debug`, `info`, `warning`, `error` or `critical`."""
    return logging.getLevelName(_threshold.number).lower()


def wanted(method: str) -> bool:
    """Whether what is logged by this method (`info`, `warning` …) is written; saves making up what nobody reads."""
    return _NUMBERS[method] >= _threshold.number


def set_level(name: str) -> None:
    """Log from this level on, from now on. The standard library's records are logged from `warning` on at least."""
    _threshold.number = number = logging.getLevelNamesMapping()[name.upper()]
    logging.getLogger().setLevel(max(number, logging.WARNING))


def configure(level: str, form: str) -> None:
    """Set the level (`debug` … `critical`) and the form: `console` or `json`."""
    shared: list[Any] = [
        _threshold,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    final: list[Any]
    if form == "json":
        final = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(serializer=_text)]
    else:
        final = [structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else Line()]
    structlog.configure(
        processors=[*shared, *final],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        logger_factory=structlog.WriteLoggerFactory(file=_StandardError()),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[_Bridge()], force=True)
    set_level(level)


class _StandardError:
    """Standard error as it is when something is written: who embeds or tests the gateway may have replaced it since."""

    def write(self, text: str) -> None:
        sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


class _Bridge(logging.Handler):
    """The standard library's records, told in the same form."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger(record.name)
        log.log(record.levelno, record.getMessage(), exc_info=record.exc_info)


def _text(value: Any, **_: Any) -> str:
    plain = {key: entry if isinstance(entry, _PLAIN) else str(entry) for key, entry in value.items()}
    return dumps(plain).decode()


_PLAIN = (str, int, float, bool, list, dict, type(None))
_BARE = re.compile(r"[^\s=\"'\x00-\x1f\x7f-\x9f]*")


class Line:
    """A line for people, where there are no colours. As structlog's own, which takes ten times as long for it."""

    def __init__(self) -> None:
        """What tells of an exception is left to structlog."""
        self._thorough = structlog.dev.ConsoleRenderer(colors=False)

    def __call__(self, log: Any, method: str, event: dict[str, Any]) -> str:
        """The line of one event."""
        if event.get("exc_info") or "exception" in event or "stack" in event or "timestamp" not in event:
            told: str = self._thorough(log, method, event)
            return told
        head = f"{event.pop('timestamp')} [{event.pop('level'):<9}] {_one_line(event.pop('event')):<30}"
        event.pop("exc_info", None)
        return " ".join([head, *[f"{key}={_value(event[key])}" for key in sorted(event)]]) if event else head


def _value(value: Any) -> str:
    if isinstance(value, str):
        return value if _BARE.fullmatch(value) else repr(value)
    return repr(value)


def _one_line(event: Any) -> str:
    """What is said, without a way to begin another line."""
    text = str(event)
    return text if text.isprintable() else repr(text)
