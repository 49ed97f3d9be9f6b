"""From the configuration to a snapshot: everything a request could need, worked out once and never again."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from msgspec.structs import replace

from plexus.core.json import dumps
from plexus.core.secret import Secret
from plexus.ir.target import ModelProfile, Target
from plexus.keys.keyring import Keyring
from plexus.pipeline.rules import options_of, rules_of, stall_of
from plexus.pipeline.snapshot import Door, Limits, Snapshot
from plexus.protocols import WireProtocol
from plexus.providers import Provider, Speaks
from plexus.providers.catalogue import bases_at, named, profile_of, recognise
from plexus.quota.definition import Definition, Definitions
from plexus.routing.candidate import Candidate
from plexus.routing.routes import Alias, Group, Routes
from plexus.routing.selectors import Selector
from plexus.routing.selectors.balanced import balanced
from plexus.settings.alias import AliasSettings, GroupSettings
from plexus.settings.provider import ModelSettings, ProviderSettings
from plexus.settings.schema import Settings
from plexus.upstream.client import Timeouts
from plexus.usage.prices import Feed, Prices
from plexus.usage.pricing import PriceSource

_FALLBACK = "openai-compatible"
_TEXT = "text"


def compiled(
    settings: Settings,
    protocols: Mapping[str, WireProtocol],
    selectors: Mapping[str, Selector],
    *,
    sources: Mapping[str, PriceSource],
    feed: Feed | None = None,
    demo: Mapping[str, str] | None = None,
    pepper: Secret | None = None,
) -> Snapshot:
    """The snapshot of a configuration. `demo` gives the base URLs of the demo provider, by protocol, while it runs.

    `sources` are the price sources by name, `feed` the live price list, `pepper` what hashes of client keys are keyed with.
    """
    doors: dict[tuple[str, str], tuple[Door, ...]] = {}
    models: dict[str, list[str]] = {}
    for name, provider in settings.providers.items():
        if not provider.enabled:
            continue
        for model, details in provider.models.items():
            found = _doors(settings, protocols, name, model, details, demo or {})
            if details.enabled and found:
                doors[name, model] = found
                models.setdefault(name, []).append(model)
    weights = settings.balanced
    selectors = {**selectors, "balanced": balanced(weights.throughput, weights.latency, weights.cost)}
    groups = _Groups(settings, selectors, doors)
    aliases = [_alias(name, alias, groups) for name, alias in settings.models.items() if alias.enabled]
    return Snapshot(
        routes=Routes(aliases, models),
        doors=MappingProxyType(doors),
        keyring=Keyring(settings.keys, settings.default_quotas, pepper=pepper),
        limits=Limits(
            body=settings.limits.body,
            depth=settings.limits.depth,
            elements=settings.limits.elements,
            sse_event=settings.limits.sse_event,
        ),
        heartbeat=settings.heartbeat.interval,
        trusted_proxies=tuple(settings.network.trusted_proxies),
        rules=rules_of(settings),
        prices=Prices(settings.providers, sources, feed),
        quotas=_quotas(settings),
    )


def _quotas(settings: Settings) -> dict[str, tuple[Definition, ...]]:
    definitions = Definitions(settings.user_quotas)
    names = {name: key.quotas or settings.default_quotas for name, key in settings.keys.items()}
    return {name: definitions.of(quotas) for name, quotas in names.items() if quotas}


def _alias(name: str, alias: AliasSettings, compiling: "_Groups") -> Alias:
    groups = tuple(compiling.group(group) for group in alias.target_groups)
    sticky = compiling.settings.sessions.sticky if alias.sticky_session is None else alias.sticky_session
    return Alias(name, groups, alias.priority == "api_match", alias.additional_aliases, sticky)


class _Groups(NamedTuple):
    settings: Settings
    selectors: Mapping[str, Selector]
    doors: Mapping[tuple[str, str], tuple[Door, ...]]

    def group(self, group: GroupSettings) -> Group:
        """A group with those of its targets that there is a way to: not the disabled ones, nor those of another kind."""
        members: list[Candidate | str] = []
        for target in group.targets:
            if not target.enabled:
                continue
            if target.alias is not None and _named(target.alias, self.settings).enabled:
                members.append(target.alias)
            elif (target.provider or "", target.model or "") in self.doors:
                members.append(Candidate(target.provider or "", target.model or "", target.weight))
        return Group(group.name, self.selectors[group.selector], tuple(members))


def _named(name: str, settings: Settings) -> AliasSettings:
    """The alias of a name, which may be one of its additional ones."""
    own = settings.models.get(name)
    return own or next(alias for alias in settings.models.values() if name in alias.additional_aliases)


def _doors(
    settings: Settings,
    protocols: Mapping[str, WireProtocol],
    name: str,
    model: str,
    details: ModelSettings,
    demo: Mapping[str, str],
) -> tuple[Door, ...]:
    """The ways to one model, preferred protocol first: the order of `access_via`, else of the declaration."""
    provider = settings.providers[name]
    bases = demo if provider.type == "demo" else bases_of(provider)
    wanted: tuple[str, ...] = details.access_via or _served(provider, model, tuple(bases))
    spoken = [protocol for protocol in wanted if protocol in bases and protocol in protocols]
    if details.type != _TEXT:
        return ()
    return tuple(_door(settings, protocols[p], (name, provider), (model, details), bases[p]) for p in spoken)


def _served(provider: ProviderSettings, model: str, spoken: tuple[str, ...]) -> tuple[str, ...]:
    """The protocols in which the model's own maker serves it; another provider serves it as it likes."""
    profile = profile_of(model)
    if profile.family != declared_of(provider).name:
        return spoken
    return tuple(protocol for protocol in spoken if protocol in profile.protocols) or spoken


def declared_of(provider: ProviderSettings) -> Provider:
    """The declaration a provider goes by: its type, else its host, else the least common one."""
    declared = named(provider.type) if provider.type is not None else None
    if declared is None and isinstance(provider.api_base_url, str):
        declared = recognise(provider.api_base_url)
    fallback = named(_FALLBACK)
    if declared is None and fallback is None:
        raise LookupError(_FALLBACK)
    return declared or fallback  # type: ignore[return-value] # one of them is set, as checked above


def bases_of(provider: ProviderSettings) -> Mapping[str, str]:
    """Protocol → base URL of a provider, the preferred protocol first."""
    where = provider.api_base_url
    if where is None or isinstance(where, str):
        return bases_at(declared_of(provider), where or "")
    return where


def speaks_at(provider: ProviderSettings, protocol: str, base_url: str) -> Speaks:
    """How the provider speaks a protocol: as declared, else as the protocol's own vendor would, else plainly."""
    at_host = recognise(base_url)
    for declared in (declared_of(provider), at_host, named(_VENDORS[protocol])):
        if declared is not None and protocol in declared.protocols:
            return declared.protocols[protocol]
    raise LookupError(protocol)


_VENDORS = {"chat": _FALLBACK, "responses": "openai", "messages": "anthropic", "gemini": "gemini"}


def _door(
    settings: Settings,
    protocol: WireProtocol,
    provider: tuple[str, ProviderSettings],
    model: tuple[str, ModelSettings],
    base_url: str,
) -> Door:
    (name, provided), (model_name, details) = provider, model
    speaks = speaks_at(provided, protocol.name, base_url)
    timeouts = settings.timeouts(name)
    path = speaks.path or protocol.path
    extra = {**provided.extra_body, **details.extra_body}
    return Door(
        target=Target(
            provider=name,
            model=model_name,
            protocol=protocol.name,
            profile=_profile(model_name, details),
            dialect=speaks.dialect,
        ),
        protocol=protocol,
        base_url=base_url.rstrip("/"),
        sign=speaks.sign,
        secret=provided.api_key or Secret(""),
        headers={**speaks.headers, **{key.lower(): value.reveal() for key, value in provided.headers.items()}},
        configured=frozenset(key.lower() for key in provided.headers),
        extra_body={key: dumps(value) for key, value in extra.items()},
        timeouts=Timeouts(connect=timeouts.connect, first_byte=timeouts.first_byte, idle=timeouts.idle),
        total=timeouts.total,
        stream_total=timeouts.stream_total,
        path={stream: path(model_name, stream) for stream in (False, True)},
        counts_tokens=speaks.counts_tokens,
        options=options_of(settings, name),
        stall=stall_of(settings, name),
        context_window=details.context_window,
    )


def _profile(model: str, details: ModelSettings) -> ModelProfile:
    profile = profile_of(model)
    return replace(profile, max_output=details.max_output) if details.max_output is not None else profile
