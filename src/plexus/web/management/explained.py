"""The shape of an explanation, for the description of the API. `pipeline/explain.py` makes them; a test compares the two."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from plexus.web.management.shapes import CooldownShown

Protocol = Literal["chat", "responses", "messages", "gemini"]


class Described(BaseModel):
    """A request to be explained. Instead of all this the bare body will do, and its protocol is told by its shape."""

    body: dict[str, Any] = Field(description="What a client would send.")
    protocol: Protocol | None = None
    path: str | None = Field(
        None, description="The path a client would use; needed for gemini, where it names the model."
    )
    headers: dict[str, str] | None = Field(None, description="Headers a client would send.")
    key: str | None = Field(None, description="The name of the client key. Without one nothing is forbidden.")


class Facts(BaseModel):
    """What is known of a target; null where nothing is."""

    weight: float
    ttft_seconds: float | None
    tokens_per_second: float | None
    end_to_end_tokens_per_second: float | None
    recent_requests: float | None
    error_rate: float | None
    headroom: float | None
    measured_seconds_ago: float | None
    samples: int


class Loss(BaseModel):
    """Something of the request that the target is not told as it was said."""

    kind: Literal["dropped", "approximated", "stripped", "clamped", "repaired"]
    field: str
    reason: str | None


class Unfit(BaseModel):
    """Why a target cannot be sent the request at all."""

    message: str
    param: str | None


class Considered(BaseModel):
    """A target in its place. `cost` is in USD as decimal text, null when no price is known."""

    place: int
    provider: str
    model: str
    group: str | None
    selector: str | None
    score: float | None
    meaning: str | None
    why: Literal["selector", "explored", "sticky", "forced", "waits"]
    said: str
    facts: Facts
    cooldown: CooldownShown | None
    protocol: Protocol
    protocol_said: str
    passthrough: bool | None
    passthrough_said: str | None
    fidelity: list[Loss]
    refusal: Unfit | None
    input_tokens: int | None
    cost: str | None


class Left(BaseModel):
    """A target that would not be tried."""

    provider: str
    model: str
    group: str
    reason: Literal["not_allowed", "cooling", "other_protocol", "quota"]
    said: str
    cooldown: CooldownShown | None


class Refused(BaseModel):
    """What the client would be told instead of an answer."""

    status: int
    code: str | None
    message: str
    param: str | None
    retry_after_seconds: float | None


class Target(BaseModel):
    """A provider and one of its models."""

    provider: str
    model: str


class Conversation(BaseModel):
    """The conversation the request belongs to, and who served it."""

    continued: bool
    served_by: Target | None


class Sent(BaseModel):
    """The request the first target would be sent. The holder of a key is not shown where, nor with which headers."""

    provider: str
    model: str
    method: str
    url: str | None
    headers: dict[str, str] | None
    body: dict[str, Any]


class Explained(BaseModel):
    """The decision."""

    model: str
    route: str | None
    protocol: Protocol
    stream: bool
    key: str | None
    timeout_seconds: float | None
    outcome: Literal["sent", "waits", "refused"]
    refusal: Refused | None
    session: Conversation | None
    candidates: list[Considered]
    excluded: list[Left]
    request: Sent | None
