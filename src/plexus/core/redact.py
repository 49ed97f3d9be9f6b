"""Takes what looks like a credential, a path or a traceback out of text that somebody else wrote, before it is shown.

It errs on the side of taking out too much. Every pattern is bounded or a plain run of one character class, so that the
work is linear in the length of the text.
"""

import re

from plexus.core.secret import REDACTED

MESSAGE_LIMIT = 1024
"""The longest error message shown, in bytes of UTF-8."""

_LOOKED_AT = 64 * 1024
_CHARACTER = r"[A-Za-z0-9_\-.~+/=*%]"

KEY_SHAPES = (
    r"\b(?:sk|pk|rk)[-_][A-Za-z0-9_\-*.]{4,}"  # OpenAI, Anthropic, OpenRouter, DeepSeek, Stripe
    r"|\b(?:gsk|hf|r8|ghp|gho|ghs|ghu|github_pat|csk|nvapi|pplx|tgp_v1|fw|glpat|xox[abpr]|xai|vck|tvly)[-_][A-Za-z0-9_\-]{8,}"
    r"|\bAIza[A-Za-z0-9_\-]{10,}"  # Google API key
    r"|\bya29\.[A-Za-z0-9_\-.]{8,}"  # Google OAuth
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{12,}"  # AWS
    r"|\beyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-.]{8,}"  # JSON web token
)
"""What has the shape of a well-known credential, whatever stands around it: a regular expression."""
_KEYS = re.compile(KEY_SHAPES)
_AFTER_SCHEME = re.compile(rf"\b(bearer|basic)(\s{{1,4}}){_CHARACTER}{{6,}}", re.IGNORECASE)
_ASSIGNED = re.compile(
    r"((?:api[ _-]?key|access[ _-]?key|secret[ _-]?key|key|token|secret|password|passwd|authorization|credential|signature)"
    rf"[\"'\\]{{0,2}}\s{{0,3}}=\s{{0,3}}[\"'\\]{{0,2}}){_CHARACTER}{{4,}}",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"((?:api[ _-]?key|key|token|secret|password|passwd|authorization|credential)"
    r"(?: (?:provided|given|is|was|used|received)){0,2}[\"'\\]{0,2}\s{0,3}:\s{0,3}[\"'\\<]{0,2})"
    rf"({_CHARACTER}{{6,}})",
    re.IGNORECASE,
)
_HOME_PATH = re.compile(r"(?<![\w/:.\-])/(?:home|root|usr|opt|var|srv|tmp|etc|app|workspace|Users|mnt)/[^\s\"'<>|,;]+")
_TRACEBACK = "Traceback (most recent call last)"
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]+")


def redact(text: str) -> str:
    """The text with everything that looks like a credential replaced by `[redacted]`."""
    text = _AFTER_SCHEME.sub(rf"\1\2{REDACTED}", text)
    text = _KEYS.sub(REDACTED, text)
    text = _ASSIGNED.sub(rf"\1{REDACTED}", text)
    return _NAMED.sub(_named, text)


def _named(found: re.Match[str]) -> str:
    """After "key:" anything may follow; a plain word is no credential, unless the text says one was provided."""
    marker, value = found[1], found[2]
    provided = "provided" in marker.lower() or "authorization" in marker.lower()
    if value.startswith(("http://", "https://")):
        return found[0]
    mixed = any(character.isdigit() or character == "*" for character in value)
    return f"{marker}{REDACTED}" if provided or mixed else found[0]


def clean_message(text: str, limit: int = MESSAGE_LIMIT) -> str:
    """A message fit to be shown: no credentials, no local paths, no traceback, no control characters, `limit` bytes at most."""
    text = text[:_LOOKED_AT].partition(_TRACEBACK)[0]
    text = _HOME_PATH.sub("[path]", redact(_CONTROL.sub(" ", text))).strip()
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= limit:
        return encoded.decode()
    return encoded[: limit - 3].decode("utf-8", "ignore") + "…"
