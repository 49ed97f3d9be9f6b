"""Other ways to write the same configuration, brought to the one the schema knows.

Flat targets, lists of models, and the names and units of the original Plexus and of its exports. It changes no meaning,
and what has no meaning here is left out with a notice.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from plexus.settings.problems import Finding, Path
from plexus.settings.scalars import looks_like_number, snake

_NOT_HERE = "has no meaning here and is ignored"


class Rewriting:
    """The record of one rewriting: where each moved value stood, and what is to be told."""

    def __init__(self) -> None:
        self.origins: dict[Path, Path] = {}
        self.notices: list[Finding] = []

    def origin(self, path: Path) -> Path:
        """The path at which the value now at `path` was written."""
        for length in range(len(path), 0, -1):
            written = self.origins.get(path[:length])
            if written is not None:
                return (*written, *path[length:])
        return path

    def notice(self, path: Path, message: str, fix: str = "") -> None:
        """Tell something about the value written at `path`."""
        self.notices.append(Finding(path, message, fix, about_key=True))


class _Move(NamedTuple):
    to: Path
    unit: str = ""


class _Section(NamedTuple):
    moves: Mapping[str, _Move]
    ignored: frozenset[str]


_TOP = _Section(
    {
        "performance_exploration_rate": _Move(("exploration", "rate")),
        "trusted_proxies": _Move(("network", "trusted_proxies")),
    },
    frozenset(
        {"latency_exploration_rate", "e2e_performance_exploration_rate", "mcp_enabled", "mcp_oauth", "compaction"}
    ),
)
_SECTIONS: dict[str, _Section] = {
    "cooldown": _Section(
        {"initial_minutes": _Move(("initial",), "m"), "max_minutes": _Move(("max",), "m")},
        frozenset(),
    ),
    "timeout": _Section({"default_seconds": _Move(("total",), "s")}, frozenset()),
    "stall": _Section(
        {
            "window_seconds": _Move(("window",), "s"),
            "grace_period_seconds": _Move(("grace",), "s"),
            "stall_cooldown": _Move(("cooldown",)),
        },
        frozenset({"ttfb_bytes"}),
    ),
    "failover": _Section({}, frozenset({"retryable_status_codes", "retryable_errors"})),
    "vision_fallthrough": _Section({"default_prompt": _Move(("prompt",))}, frozenset()),
}
_EXPLORATION = _Section(
    {"enabled": _Move(("background",)), "staleness_threshold_seconds": _Move(("stale_after",), "s")},
    frozenset({"worker_concurrency"}),
)
_PROVIDER = _Section(
    {
        "timeout_ms": _Move(("timeout",), "ms"),
        "stall_ttfb_ms": _Move(("timeout", "first_byte"), "ms"),
        "stall_min_bps": _Move(("stall", "min_bytes_per_second")),
        "stall_window_ms": _Move(("stall", "window"), "ms"),
        "stall_grace_period_ms": _Move(("stall", "grace"), "ms"),
        "stall_cooldown": _Move(("stall", "cooldown")),
    },
    frozenset(
        {
            "stall_ttfb_bytes",
            "use_claude_masking",
            "model_autosync",
            "gpu_profile",
            "gemini_thinking_enabled",
            "adapter",
            "auto_compat",
            "pi_ai_provider",
            "compaction",
            "oauth_provider",
            "oauth_account",
        }
    ),
)
_CHECKER = _Section({"interval_minutes": _Move(("interval",), "m")}, frozenset())
_MODEL = _Section({}, frozenset({"adapter", "auto_compat", "pi_ai_model_id"}))
_ALIAS = _Section(
    {"use_image_fallthrough": _Move(("vision_fallthrough",))},
    frozenset({"advanced", "compaction", "pi_model", "model_architecture", "metadata"}),
)
_OLD_PROTOCOLS = frozenset({"ollama", "completions"})


def rewritten(data: Any, record: Rewriting) -> Any:
    """The configuration in the spelling of the schema. What is not understood stays for the schema to refuse."""
    if not isinstance(data, Mapping):
        return data
    top = _moved(data, _TOP, (), record)
    _fold_old_sections(top, record)
    for name, section in _SECTIONS.items():
        if isinstance(top.get(name), Mapping):
            top[name] = _moved(top[name], section, (name,), record)
    _each(top, ("providers",), _provider, record)
    _each(top, ("models",), _alias, record)
    _each(top, ("keys",), _key, record)
    return top


def _fold_old_sections(top: dict[str, Any], record: Rewriting) -> None:
    for key in list(top):
        old, value = snake(key), top[key]
        if old == "background_exploration" and isinstance(value, Mapping):
            found = _moved(top.pop(key), _EXPLORATION, (key,), record)
            for name, item in found.items():
                _put(top, ("exploration", name), item, ((), record.origin((key, name))), record)
        elif old == "debug" and isinstance(value, Mapping):
            on_error = {snake(name): item for name, item in top.pop(key).items()}.get("capture_on_error")
            mode = "on_error" if on_error is True or on_error == "true" else "off"
            _put(top, ("capture", "mode"), mode, ((), (key,)), record)
        elif old == "capture_trace_on_error" and isinstance(value, bool):
            _put(top, ("capture", "mode"), "on_error" if top.pop(key) else "off", ((), (key,)), record)
    stall = top.get("stall")
    if isinstance(stall, Mapping):
        for key in [key for key in stall if snake(key) == "ttfb_seconds"]:
            top["stall"] = {name: item for name, item in top["stall"].items() if name != key}
            if stall[key] is not None:
                place = ((), ("stall", key))
                _put(top, ("timeout", "first_byte"), _with_unit(stall[key], "s"), place, record)


def _provider(data: Mapping[str, Any], path: Path, record: Rewriting) -> dict[str, Any]:
    found = _moved(data, _PROVIDER, path, record)
    _lower(found, "type")
    timeout = found.get("timeout")
    if isinstance(timeout, str | int | float):
        found["timeout"] = {"first_byte": timeout, "total": timeout}
        written = record.origin((*path, "timeout"))
        record.origins |= {(*path, "timeout", limit): written for limit in ("first_byte", "total")}
    for key in [key for key in found if snake(key) == "api_base_url" and isinstance(found[key], Mapping)]:
        found[key] = _old_protocols(found[key], (*path, key), record)
    for key in [key for key in found if snake(key) == "quota_checker" and isinstance(found[key], Mapping)]:
        found[key] = _moved(found[key], _CHECKER, (*path, key), record)
    if isinstance(found.get("models"), list | tuple):
        found["models"] = _listed_models(found["models"], (*path, "models"), record)
    _each(found, (*path, "models"), _model, record)
    return found


def _listed_models(listed: list[Any] | tuple[Any, ...], path: Path, record: Rewriting) -> Any:
    if not all(isinstance(name, str) for name in listed):
        return listed
    models: dict[str, Any] = {}
    for index, name in enumerate(listed):
        if name in models:
            record.notice((*path, index), f"the model {name!r} is listed twice", "take one out")
        models[name] = {}
        record.origins[(*path, str(name))] = (*path, index)
    return models


def _model(data: Mapping[str, Any], path: Path, record: Rewriting) -> dict[str, Any]:
    found = _moved(data, _MODEL, path, record)
    for key in [key for key in found if snake(key) == "access_via" and isinstance(found[key], list | tuple)]:
        found[key] = [
            entry["type"] if isinstance(entry, Mapping) and "type" in entry else entry for entry in found[key]
        ]
    if isinstance(found.get("pricing"), Mapping):
        found["pricing"] = _pricing(found["pricing"])
    return found


def _pricing(data: Mapping[str, Any]) -> dict[str, Any]:
    source = data.get("source")
    if source == "defined":
        return {**data, "source": "tiered"}
    if source is not None:
        return dict(data)
    guess = {"range": "tiered", "amount": "per_request", "slug": "openrouter"}
    return {**data, "source": next((guess[key] for key in guess if key in data), "simple")}


def _alias(data: Mapping[str, Any], path: Path, record: Rewriting) -> dict[str, Any]:
    found = _moved(data, _ALIAS, path, record)
    if "targets" not in found or "target_groups" in found or "targetGroups" in found:
        return found
    group = {"name": "default", "targets": found.pop("targets")}
    group_path = (*path, "target_groups", 0)
    record.origins[(*path, "target_groups")] = path
    record.origins[group_path] = path
    if "selector" in found:
        group["selector"] = found.pop("selector")
    found["target_groups"] = [group]
    return found


def _key(data: Mapping[str, Any], path: Path, record: Rewriting) -> dict[str, Any]:
    found = dict(data)
    for key in list(found):
        old = snake(key)
        if old == "quota" and "quotas" not in found:
            quota = found.pop(key)
            found["quotas"] = [] if quota is None else [quota]
            record.origins[(*path, "quotas")] = (*path, key)
            record.origins[(*path, "quotas", 0)] = (*path, key)
        elif old == "disabled_at" and found.pop(key) is not None:
            found["enabled"] = False
    return found


def _old_protocols(urls: Mapping[str, Any], path: Path, record: Rewriting) -> dict[str, Any]:
    found = dict(urls)
    for protocol in _OLD_PROTOCOLS & set(found):
        del found[protocol]
        record.notice((*path, protocol), f"the protocol {protocol!r} is not spoken; its URL is ignored")
    if "default" in found:
        found.setdefault("chat", found.pop("default"))
        record.origins[(*path, "chat")] = (*path, "default")
    return found


def _lower(found: dict[str, Any], key: str) -> None:
    if isinstance(found.get(key), str):
        found[key] = found[key].strip().lower().replace("_", "-")


def _each(
    parent: dict[str, Any], path: Path, rewrite: Callable[[Mapping[str, Any], Path, Rewriting], Any], record: Rewriting
) -> None:
    key = str(path[-1])
    entries = parent.get(key)
    if isinstance(entries, Mapping):
        parent[key] = {
            name: rewrite(entry, (*path, name), record) if isinstance(entry, Mapping) else _said(entry, path[-1])
            for name, entry in entries.items()
        }


def _said(entry: Any, kind: str | int) -> Any:
    """A model or provider with nothing said about it is one with every default."""
    return {} if entry is None and kind in {"models", "providers"} else entry


def _moved(data: Mapping[str, Any], section: _Section, path: Path, record: Rewriting) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    moves: list[tuple[str, _Move, Any]] = []
    for key, value in data.items():
        old = snake(key)
        if old in section.moves:
            moves.append((key, section.moves[old], value))
        elif old in section.ignored:
            record.notice((*record.origin(path), key), _NOT_HERE, "take it out")
        else:
            kept[key] = value
    for key, move, value in sorted(moves, key=lambda entry: len(entry[1].to)):
        if value is not None:
            written = (*record.origin(path), key)
            _put(kept, move.to, _with_unit(value, move.unit), (path, written), record)
    return kept


def _put(parent: dict[str, Any], to: Path, value: Any, place: tuple[Path, Path], record: Rewriting) -> None:
    """Set `value` below `parent`. `place`: the path of `parent`, and the path where the value was written."""
    path, written = place
    *above, last = (str(step) for step in to)
    for step in above:
        inner = parent.get(step)
        if inner is not None and not isinstance(inner, Mapping):
            inner = {"first_byte": inner, "total": inner} if step == "timeout" else {}
            inner.pop(last, None)
        parent[step] = dict(inner or {})
        parent = parent[step]
    if last in parent:
        record.notice(written, f"is ignored, because {'.'.join(map(str, to))} is given as well", "keep one of the two")
        return
    parent[last] = value
    record.origins[(*path, *to)] = written


def _with_unit(value: Any, unit: str) -> Any:
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return f"{value}{unit}" if unit and (plain or (isinstance(value, str) and looks_like_number(value))) else value
