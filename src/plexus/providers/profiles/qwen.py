"""Qwen: whether it thinks is decided by the name or by a switch of the server that runs it, not by a word of the protocol.

Sources: https://qwen.readthedocs.io/en/latest/getting_started/quickstart.html,
https://www.alibabacloud.com/help/en/model-studio/deep-thinking
"""

from plexus.ir.target import ModelProfile, ReasoningProfile

_QUICKSTART = "https://qwen.readthedocs.io/en/latest/getting_started/quickstart.html"
_THINKING = "https://www.alibabacloud.com/help/en/model-studio/deep-thinking"


def _fixed(*, thinks: bool) -> ModelProfile:
    fixed = ReasoningProfile(style="none", can_disable=not thinks, source=_QUICKSTART)
    return ModelProfile(family="qwen", reasoning=fixed, source=_QUICKSTART)


# `enable_thinking` or `chat_template_kwargs`, by server; an effort word is passed on where the client says one.
_SWITCHED = ModelProfile(family="qwen", reasoning=ReasoningProfile(source=_THINKING), source=_QUICKSTART)

PROFILES: tuple[tuple[str, ModelProfile], ...] = (
    ("qwen3-*-thinking*", _fixed(thinks=True)),
    ("qwen3-*-instruct*", _fixed(thinks=False)),
    ("qwen3-coder*", _fixed(thinks=False)),
    ("qwen2*", _fixed(thinks=False)),
    ("qwq*", _fixed(thinks=True)),
    ("qwen*", _SWITCHED),
)
