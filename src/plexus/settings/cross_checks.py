"""What no single part of the configuration can tell: whether its parts name one another rightly."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from plexus.settings.alias import SELECTORS, AliasSettings, TargetSettings
from plexus.settings.explain import close
from plexus.settings.known import PLANNED_TYPES, Known
from plexus.settings.problems import Finding, Path
from plexus.settings.provider import ProviderSettings
from plexus.settings.schema import Settings


class Checks:
    """What one pass over the settings has found: `wrong` refuses them, `notices` are only told."""

    def __init__(self) -> None:
        self.wrong: list[Finding] = []
        self.notices: list[Finding] = []

    def refuse(self, path: Path, message: str, fix: str = "", *, about_key: bool = False) -> None:
        """Something that cannot stand."""
        self.wrong.append(Finding(path, message, fix, about_key))

    def unknown(self, path: Path, kind: str, name: str, known: Mapping[str, Any] | frozenset[str]) -> None:
        """A name that leads nowhere."""
        there = f"known: {', '.join(sorted(known)[:8])}" if known else f"no {kind} is configured"
        self.refuse(path, f"unknown {kind} {name!r}", close(name, known) or there)


def check(settings: Settings, known: Known) -> Checks:
    """Everything that does not fit together in settings that are well-formed."""
    checks = Checks()
    for name, provider in settings.providers.items():
        _provider(name, provider, known, checks)
    names = _alias_names(settings.models, checks)
    for name, alias in settings.models.items():
        _alias(name, alias, settings, names, known, checks)
    _cycles(settings.models, names, checks)
    _keys(settings, checks)
    _named(settings, checks)
    return checks


def _provider(name: str, provider: ProviderSettings, known: Known, checks: Checks) -> None:
    path: Path = ("providers", name)
    if provider.type in PLANNED_TYPES and provider.type not in known.provider_types:
        checks.refuse((*path, "type"), f"providers of type {provider.type!r} are not built yet", "use another provider")
        return
    if provider.type is not None and provider.type not in known.provider_types:
        checks.unknown((*path, "type"), "provider type", provider.type, known.provider_types)
        return
    if provider.type is None and provider.api_base_url is None:
        fix = "add type: (a known provider) or api_base_url: (where it is)"
        checks.refuse(path, "has neither a type nor an api_base_url", fix, about_key=True)
    keyless = provider.api_key is None and provider.api_base_url is None and not provider.headers
    if keyless and provider.enabled and provider.type in known.needs_key:
        checks.refuse((*path, "api_key"), "is missing", "add api_key: ${NAME_OF_A_VARIABLE}", about_key=True)
    if isinstance(provider.api_base_url, Mapping):
        _access(path, provider, provider.api_base_url, checks)
    elif provider.type is None and provider.api_base_url is not None and not _recognised(provider.api_base_url, known):
        said = "this host is not known, so it is spoken to as openai-compatible"
        checks.notices.append(Finding((*path, "api_base_url"), said, "add type: to say what it is"))


def _recognised(url: str, known: Known) -> bool:
    parts = urlsplit(url)
    return bool({parts.hostname, parts.netloc.lower()} & known.hosts)


def _access(path: Path, provider: ProviderSettings, urls: Mapping[str, str], checks: Checks) -> None:
    for model, settings in provider.models.items():
        for index, protocol in enumerate(settings.access_via):
            if protocol not in urls and provider.type is None:
                at = (*path, "models", model, "access_via", index)
                checks.refuse(at, f"the provider has no URL for {protocol!r}", f"add api_base_url.{protocol}")


def _alias_names(aliases: Mapping[str, AliasSettings], checks: Checks) -> dict[str, str]:
    """Every name that means an alias, additional ones included → the alias's own name."""
    names = {name: name for name in aliases}
    for name, alias in aliases.items():
        if name.startswith("direct/"):
            checks.refuse(("models", name), "begins with 'direct/', which addresses targets", "choose another name")
        for index, other in enumerate(alias.additional_aliases):
            path = ("models", name, "additional_aliases", index)
            if other.startswith("direct/"):
                checks.refuse(path, "begins with 'direct/', which addresses targets", "choose another name")
            elif other in names:
                checks.refuse(path, f"the name {other!r} already means the alias {names[other]!r}", "take one out")
            else:
                names[other] = name
    return names


def _alias(
    name: str, alias: AliasSettings, settings: Settings, names: Mapping[str, str], known: Known, checks: Checks
) -> None:
    groups: set[str] = set()
    for index, group in enumerate(alias.target_groups):
        path: Path = ("models", name, "target_groups", index)
        if group.name in groups:
            checks.refuse((*path, "name"), f"a group called {group.name!r} stands above", "give it another name")
        groups.add(group.name)
        if group.selector not in known.selectors:
            _selector((*path, "selector"), group.selector, known, checks)
        seen: set[tuple[str | None, ...]] = set()
        for place, target in enumerate(group.targets):
            at = (*path, "targets", place)
            identity = (target.provider, target.model, target.alias)
            if identity in seen:
                checks.refuse(at, "the same target stands above in this group", "use weight: to prefer it")
            seen.add(identity)
            _target(at, target, settings, names, checks)


def _selector(path: Path, selector: str, known: Known, checks: Checks) -> None:
    if selector in SELECTORS:
        said = f"the selector {selector!r} is not built yet; targets are taken in order"
        checks.notices.append(Finding(path, said))
    else:
        checks.unknown(path, "selector", selector, known.selectors | frozenset(SELECTORS))


def _target(path: Path, target: TargetSettings, settings: Settings, names: Mapping[str, str], checks: Checks) -> None:
    if target.alias is not None:
        if target.alias not in names:
            checks.unknown((*path, "alias"), "alias", target.alias, names)
        return
    provider = settings.providers.get(target.provider or "")
    if provider is None:
        checks.unknown((*path, "provider"), "provider", target.provider or "", settings.providers)
    elif target.model not in provider.models:
        fix = close(target.model or "", provider.models) or f"add it to providers.{target.provider}.models"
        checks.refuse((*path, "model"), f"the provider {target.provider!r} lists no model {target.model!r}", fix)


def _cycles(aliases: Mapping[str, AliasSettings], names: Mapping[str, str], checks: Checks) -> None:
    """Refuse each ring of aliases once, at the alias where it was entered. Iterative: rings may be long."""
    finished: set[str] = set()
    for start in aliases:
        trail: list[str] = []
        stack: list[tuple[str, bool]] = [(start, False)]
        while stack:
            name, leaving = stack.pop()
            if leaving:
                finished.add(trail.pop())
            elif name in trail:
                ring = " → ".join([*trail[trail.index(name) :], name])
                fix = "let one of them name providers instead"
                checks.refuse(("models", name), f"the alias leads back to itself: {ring}", fix, about_key=True)
            elif name not in finished:
                trail.append(name)
                stack.append((name, True))
                stack += [(inner, False) for inner in _inner(aliases[name], names)]


def _inner(alias: AliasSettings, names: Mapping[str, str]) -> list[str]:
    targets = [target.alias for group in alias.target_groups for target in group.targets if target.alias is not None]
    return [names[name] for name in dict.fromkeys(targets) if name in names]


def _keys(settings: Settings, checks: Checks) -> None:
    owners: dict[str, str] = {}
    for name, key in settings.keys.items():
        if "*" in name:
            checks.refuse(("keys", name), "the name holds '*'", "choose another name", about_key=True)
        for secret in dict.fromkeys([key.hashed, *(one.secret_hash for one in key.previous)]):
            owner = owners.setdefault(secret, name)
            if owner != name:
                said = f"is also the secret of the key {owner!r}"
                at = "secret_hash" if key.secret is None else "secret"
                checks.refuse(("keys", name, at), said, "give each key its own secret")
        for field in ("allowed_providers", "excluded_providers"):
            for index, provider in enumerate(getattr(key, field)):
                if provider not in settings.providers:
                    checks.unknown(("keys", name, field, index), "provider", provider, settings.providers)
        for index, quota in enumerate(key.quotas):
            if quota not in settings.user_quotas:
                checks.unknown(("keys", name, "quotas", index), "quota", quota, settings.user_quotas)


def _named(settings: Settings, checks: Checks) -> None:
    """Names that stand elsewhere: default quotas, what is captured, MCP servers."""
    for index, quota in enumerate(settings.default_quotas):
        if quota not in settings.user_quotas:
            checks.unknown(("default_quotas", index), "quota", quota, settings.user_quotas)
    kinds: dict[str, tuple[str, Mapping[str, Any]]] = {
        "keys": ("key", settings.keys),
        "aliases": ("alias", settings.models),
        "providers": ("provider", settings.providers),
    }
    for field, (kind, known) in kinds.items():
        for index, name in enumerate(getattr(settings.capture, field)):
            if name not in known:
                checks.unknown(("capture", field, index), kind, name, known)
    for name in settings.mcp_servers:
        if name == "plexus":
            checks.refuse(("mcp_servers", name), "the name 'plexus' is the gateway's own", "choose another name")
