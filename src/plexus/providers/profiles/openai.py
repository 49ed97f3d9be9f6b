"""OpenAI's models by generation: which effort words each takes, and which it is served in only one protocol.

Sources: https://developers.openai.com/api/docs/guides/reasoning (words), https://developers.openai.com/api/docs/models
(limits, endpoints). A model that thinks unless told not to refuses sampling parameters always: leaving them out is right
for every effort word, sending them is an error for all but "none".
"""

from plexus.ir.target import ModelProfile, ReasoningProfile

_MODELS = "https://developers.openai.com/api/docs/models"
_REASONING = "https://developers.openai.com/api/docs/guides/reasoning"

_SEES = ("image", "document")
_RESPONSES = ("responses",)
_CHAT = ("chat",)

_THREE = ("low", "medium", "high")
_TO_XHIGH = ("low", "medium", "high", "xhigh")
_TO_MAX = ("low", "medium", "high", "xhigh", "max")


def _thinks(
    efforts: tuple[str, ...],
    max_output: int = 128_000,
    *,
    by_default: bool = True,
    protocols: tuple[str, ...] = (),
    inputs: tuple[str, ...] = _SEES,
) -> ModelProfile:
    reasoning = ReasoningProfile(
        style="effort",
        efforts=efforts,
        can_disable="none" in efforts,
        refuses_sampling=True,
        source=_REASONING,
    )
    return ModelProfile(
        family="openai",
        max_output=max_output,
        reasoning=reasoning,
        inputs=inputs,
        refuses_sampling=by_default,
        protocols=protocols,
        source=_MODELS,
    )


def _plain(
    max_output: int | None = None, inputs: tuple[str, ...] = (), protocols: tuple[str, ...] = ()
) -> ModelProfile:
    none = ReasoningProfile(style="none", source=_REASONING)
    return ModelProfile(
        family="openai", max_output=max_output, reasoning=none, inputs=inputs, protocols=protocols, source=_MODELS
    )


def _early_o() -> ModelProfile:
    """o1-mini and o1-preview: they think, take no effort word ("unsupported parameter") and refuse sampling."""
    fixed = ReasoningProfile(style="none", can_disable=False, refuses_sampling=True, source=_REASONING)
    return ModelProfile(
        family="openai", max_output=65_536, reasoning=fixed, refuses_sampling=True, protocols=_CHAT, source=_MODELS
    )


PROFILES: tuple[tuple[str, ModelProfile], ...] = (
    # Generation 6: from none to max, but Astra always thinks. With tools, chat takes no effort but none (see the provider).
    ("gpt-6-astra*", _thinks(_TO_MAX)),
    ("gpt-6-*", _thinks(("none", *_TO_MAX))),
    # What 6.1 and later take at the low end is not documented well enough to send "none".
    ("gpt-6.*", _thinks(_TO_MAX)),
    ("gpt-5.6*", _thinks(("none", *_TO_MAX))),
    ("gpt-5.5-pro*", _thinks(("medium", "high", "xhigh"), protocols=_RESPONSES)),
    ("gpt-5.5*", _thinks(("none", *_TO_XHIGH))),
    # 5.1 to 5.4 think only when asked: their default is none, and then they take sampling parameters.
    ("gpt-5.4-pro*", _thinks(("medium", "high", "xhigh"), protocols=_RESPONSES)),
    ("gpt-5.4*", _thinks(("none", *_TO_XHIGH), by_default=False)),
    ("gpt-5.3-codex*", _thinks(_TO_XHIGH, protocols=_RESPONSES)),
    ("gpt-5.3-chat*", _thinks(("medium",), 16_384)),
    ("gpt-5.2-pro*", _thinks(("medium", "high", "xhigh"), protocols=_RESPONSES)),
    ("gpt-5.2-codex*", _thinks(_TO_XHIGH, protocols=_RESPONSES)),
    ("gpt-5.2-chat*", _thinks(("medium",), 16_384)),
    ("gpt-5.2*", _thinks(("none", *_TO_XHIGH), by_default=False)),
    ("gpt-5.1-codex-max*", _thinks(_TO_XHIGH, protocols=_RESPONSES)),
    ("gpt-5.1-codex*", _thinks(_THREE, protocols=_RESPONSES)),
    ("gpt-5.1-chat*", _thinks(("medium",), 16_384)),
    ("gpt-5.1*", _thinks(("none", *_THREE), by_default=False)),
    ("gpt-5-pro*", _thinks(("high",), 272_000, protocols=_RESPONSES)),
    ("gpt-5-codex*", _thinks(_THREE, protocols=_RESPONSES)),
    ("gpt-5-chat*", _plain(16_384, _SEES)),
    ("gpt-5-*", _thinks(("minimal", *_THREE))),
    ("gpt-5", _thinks(("minimal", *_THREE))),
    # The words every 5.x takes.
    ("gpt-5.*", _thinks(_THREE)),
    ("codex-mini*", _thinks(_THREE, 100_000, protocols=_RESPONSES)),
    ("computer-use-preview*", _thinks(_THREE, 1_024, protocols=_RESPONSES)),
    ("o1-mini*", _early_o()),
    ("o1-preview*", _early_o()),
    ("o1-pro*", _thinks(_THREE, 100_000, protocols=_RESPONSES)),
    ("o3-pro*", _thinks(_THREE, 100_000, protocols=_RESPONSES)),
    ("o?-deep-research*", _thinks(_THREE, 100_000, protocols=_RESPONSES)),
    ("o4-mini-deep-research*", _thinks(_THREE, 100_000, protocols=_RESPONSES)),
    ("o3-mini*", _thinks(_THREE, 100_000, inputs=())),
    ("o1", _thinks(_THREE, 100_000)),
    ("o1-20*", _thinks(_THREE, 100_000)),
    ("o3", _thinks(_THREE, 100_000)),
    ("o3-20*", _thinks(_THREE, 100_000)),
    ("o4-mini*", _thinks(_THREE, 100_000)),
    ("gpt-audio*", _plain(16_384, ("audio",), _CHAT)),
    ("gpt-4o-audio-preview*", _plain(16_384, ("audio",), _CHAT)),
    ("gpt-4o-mini-audio-preview*", _plain(16_384, ("audio",), _CHAT)),
    ("gpt-4o-search-preview*", _plain(16_384, (), _CHAT)),
    ("gpt-4o-mini-search-preview*", _plain(16_384, (), _CHAT)),
    ("gpt-4o*", _plain(16_384, _SEES)),
    ("chatgpt-4o*", _plain(16_384, ("image",))),
    ("gpt-4.1*", _plain(32_768, _SEES)),
    ("gpt-4.5*", _plain(16_384, _SEES)),
    ("gpt-4-turbo*", _plain(4_096, ("image",))),
    ("gpt-4-1106*", _plain(4_096)),
    ("gpt-4-0125*", _plain(4_096)),
    ("gpt-4-vision*", _plain(4_096, ("image",))),
    ("gpt-4", _plain(8_192)),
    ("gpt-4-*", _plain(8_192)),
    ("gpt-3.5*", _plain(4_096)),
    ("gpt-35*", _plain(4_096)),
)
