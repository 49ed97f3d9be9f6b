"""What is known without asking anyone: providers by name and by host, and the profile of a model by its name.

Pure look-ups over the declarations in this folder. It knows nothing of what is configured and opens no connection.
"""

from fnmatch import fnmatchcase
from functools import cache, lru_cache
from urllib.parse import urlsplit

import plexus.providers
import plexus.providers.profiles
from plexus.core.registry import find
from plexus.ir.target import ModelProfile
from plexus.providers import Provider, Speaks

_NO_PROVIDERS = frozenset({"catalogue", "signing", "profiles"})

# At somebody else's address a server more likely speaks the widespread protocols than the vendor's newest.
_WIDESPREAD = ("chat", "messages", "gemini", "responses")


@cache
def known() -> dict[str, Provider]:
    """Every provider by each word `type:` may use for it, in lower case: its name and its other spellings."""
    found = find(plexus.providers, "PROVIDER", Provider, _NO_PROVIDERS)
    words: dict[str, Provider] = {}
    for provider in found.values():
        for word in (provider.name, *provider.spellings):
            if words.setdefault(word.lower(), provider) is not provider:
                raise ValueError(f"two providers are called {word}")
    return words


def named(word: str) -> Provider | None:
    """The provider `type:` names, in any case, or None."""
    return known().get(word.lower())


def recognise(url: str) -> Provider | None:
    """The provider whose host (and port, where it lists one) this URL has, or None. Never by part of a host."""
    host, port = _address(url)
    if not host:
        return None
    return _hosts().get(f"{host}:{port}") or _hosts().get(host)


def bases_at(provider: Provider, url: str) -> dict[str, str]:
    """Protocol → base URL when the one URL configured is `url` (empty: none), the preferred protocol first.

    At the provider's own host every protocol keeps its declared path, whether or not the operator wrote `/v1`, and the
    protocols whose path was written come first. At any other host all that is said to be there is what shares its
    address with the provider's first protocol.
    """
    declared = {name: speaks.base_url for name, speaks in provider.protocols.items()}
    if not url:
        return declared
    url = url.rstrip("/")
    first = next(iter(declared.values()))
    shared = [name for name, base in declared.items() if base == first]
    if recognise(url) is not provider:
        return {name: url for name in _WIDESPREAD if name in shared}
    home = {name: _at_host_of(url, base) for name, base in declared.items()}
    written = _stem(url)
    meant = [name for name, base in home.items() if _stem(base) == written]
    if not meant and written:
        return home | dict.fromkeys(shared, url)
    return {name: home[name] for name in (*meant, *home)}


def speaks_for(provider: Provider, protocol: str) -> Speaks | None:
    """How the provider speaks the protocol, or None when it does not."""
    return provider.protocols.get(protocol)


@lru_cache(maxsize=4096)
def profile_of(model: str) -> ModelProfile:
    """What is known of a model by its name: vendor prefixes, dates, versions and `:tags` do not matter.

    A name nobody here knows gives an empty profile, from which nothing is assumed.
    """
    name = _bare(model)
    for pattern, profile in _profiles():
        if fnmatchcase(name, pattern):
            return profile
    return ModelProfile()


def _bare(model: str) -> str:
    name = model.strip().lower().removeprefix("ft:")
    # `anthropic/claude-…`, `models/gemini-…`, `accounts/fireworks/models/…`; then `@20250219` and `:free`, `:120b`.
    name = name.rpartition("/")[2].partition("@")[0].partition(":")[0]
    # Anthropic writes versions with hyphens, resellers with points.
    return name.replace(".", "-") if name.startswith("claude") else name


@cache
def _profiles() -> tuple[tuple[str, ModelProfile], ...]:
    families = find(plexus.providers.profiles, "PROFILES", tuple)
    return tuple(row for rows in families.values() for row in rows)


@cache
def _hosts() -> dict[str, Provider]:
    return {host: provider for provider in known().values() for host in provider.hosts}


def _address(url: str) -> tuple[str, int | None]:
    try:
        parts = urlsplit(url if "://" in url else f"//{url}")
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return "", None
    if ":" in host:
        host = f"[{host}]"
    return host, port


def _stem(url: str) -> str:
    return urlsplit(url).path.removesuffix("/v1")


def _at_host_of(url: str, base: str) -> str:
    there, declared = urlsplit(url), urlsplit(base)
    return declared._replace(scheme=there.scheme, netloc=there.netloc).geturl()
