"""SQLAlchemy's asynchronous engines without its object mapper, if this is imported before `sqlalchemy.ext.asyncio` is.

That package loads its sessions, and with them the mapper: six megabytes, and a sixth of the time storage takes to load. Nothing
is mapped to objects here, so while it is loaded placeholders stand where the sessions would.
"""

import importlib
import sys
from types import ModuleType

_PACKAGE = "sqlalchemy.ext.asyncio"
_SESSIONS = {
    "scoping": ("async_scoped_session",),
    "session": (
        "AsyncAttrs",
        "AsyncSession",
        "AsyncSessionTransaction",
        "async_object_session",
        "async_session",
        "async_sessionmaker",
        "close_all_sessions",
    ),
}


def _load() -> None:
    if _PACKAGE in sys.modules:
        return
    names = [f"{_PACKAGE}.{module}" for module in _SESSIONS]
    for name, attributes in zip(names, _SESSIONS.values(), strict=True):
        placeholder = ModuleType(name)
        placeholder.__dict__.update(dict.fromkeys(attributes))
        sys.modules[name] = placeholder
    try:
        importlib.import_module(_PACKAGE)
    finally:
        for name in names:
            del sys.modules[name]


_load()
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine  # noqa: E402 - after the placeholders

__all__ = ["AsyncConnection", "AsyncEngine", "create_async_engine"]
