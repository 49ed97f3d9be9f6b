"""A provider as configured: where it is, how to authenticate, and which models it offers."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer

from plexus.core.secret import Secret
from plexus.settings.pricing import Discount, Pricing
from plexus.settings.scalars import Duration, Free, HeaderMap, Name, Names, Positive, Strict, Text, nothing, refusal
from plexus.settings.timing import ProviderStall, ProviderTimeouts

ProtocolName = Literal["chat", "responses", "messages", "gemini", "embeddings", "transcriptions", "speech", "images"]
PROTOCOLS: tuple[str, ...] = get_args(ProtocolName)
ModelType = Literal["text", "embeddings", "transcriptions", "speech", "image"]

_URL_TEXT = re.compile(r"[!#-\[\]-~]+")  # printable ASCII without blank, quote and backslash
_KEY_TEXT = re.compile(r"[\x20-\x7e]*")


def base_url(value: Any) -> Any:
    """One URL, or a map from protocol to URL; trailing slashes are taken off."""
    if isinstance(value, str):
        return url(value)
    if not isinstance(value, Mapping):
        raise refusal("must be a URL, or a map from protocol to URL", "write it like https://example.test/v1")
    for protocol in value:
        if protocol not in PROTOCOLS:
            raise refusal(f"unknown protocol {protocol!r}", f"use one of {', '.join(PROTOCOLS)}", (protocol,))
    return MappingProxyType({protocol: url(entry, (protocol,)) for protocol, entry in value.items()})


def url(value: Any, at: tuple[str | int, ...] = ()) -> str:
    """An http or https URL without user, query and fragment, and without trailing slashes."""
    fix = "write it like https://example.test/v1"
    if not isinstance(value, str) or not _URL_TEXT.fullmatch(value):
        raise refusal("must be a URL", fix, at)
    try:
        parts = urlsplit(value)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if value.startswith("oauth://"):
        raise refusal("providers that log in by OAuth are not built yet", "use a provider with an API key", at)
    if not usable:
        raise refusal("must be a URL that begins with http:// or https:// and names a host", fix, at)
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise refusal("must be a URL without user, query and fragment", "put credentials into api_key or headers", at)
    return value.rstrip("/")


def credential(secret: Secret) -> Secret:
    """A secret fit for a header: blanks at its ends are cut off, anything but printable ASCII inside is refused."""
    text = secret.reveal().strip()
    if not text:
        raise refusal("is empty", "give the secret, or leave the key out")
    if not _KEY_TEXT.fullmatch(text):
        raise refusal("holds a line break or a character that cannot be sent in a header", "copy the secret again")
    return Secret(text)


BaseUrl = Annotated[str | Mapping[str, str], BeforeValidator(base_url), PlainSerializer(lambda value: _plain(value))]  # noqa: PLW0108 - defined below
Credential = Annotated[Secret, AfterValidator(credential)]


def _plain(value: str | Mapping[str, str]) -> str | dict[str, str]:
    return value if isinstance(value, str) else dict(value)


class ModelSettings(Strict):
    """What is known of one model of a provider."""

    pricing: Pricing | None = None
    access_via: tuple[ProtocolName, ...] = ()
    """The protocols this model is reached by; empty means those of its provider."""
    type: ModelType = "text"
    extra_body: Free = Field(default_factory=nothing)
    max_concurrency: Positive | None = None
    max_output: Positive | None = None
    context_window: Positive | None = None
    enabled: bool = True


class QuotaChecker(Strict):
    """How to ask the provider what is left of its own quota."""

    type: Name
    id: Name | None = None
    enabled: bool = True
    interval: Duration = 1800.0
    options: Free = Field(default_factory=nothing)


class RawPassthrough(Strict):
    """Whether `/raw/{provider}/…` is open, and how it authenticates."""

    enabled: bool = False
    base_url: Annotated[str, AfterValidator(url)] | None = None
    auth: Literal["bearer", "x-api-key", "x-goog-api-key"] = "bearer"


class ProviderSettings(Strict):
    """One provider."""

    type: Name | None = None
    """The name of a known provider in lower case; None: recognised by host, or by the map of protocols."""
    display_name: Text | None = None
    api_base_url: BaseUrl | None = None
    api_key: Credential | None = None
    models: Names[ModelSettings] = Field(default_factory=nothing)
    headers: HeaderMap[Credential] = Field(default_factory=nothing)
    extra_body: Free = Field(default_factory=nothing)
    timeout: ProviderTimeouts = ProviderTimeouts()
    stall: ProviderStall = ProviderStall()
    max_concurrency: Positive | None = None
    disable_cooldown: bool = False
    discount: Discount | None = None
    enabled: bool = True
    estimate_tokens: bool = False
    allow_100_percent_utilization: bool = False
    quota_checker: QuotaChecker | None = None
    raw_passthrough: RawPassthrough = RawPassthrough()
