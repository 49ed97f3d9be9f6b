"""A client's API key as configured, and the quotas it may draw on."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from plexus.core.secret import Secret
from plexus.settings.scalars import Duration, Fraction, Name, Names, Networks, Strict, Text, refusal

_SECRET_TEXT = re.compile(r"[\x21-\x7e]+")
_LONGEST_SECRET = 512


def _client_secret(secret: Secret) -> Secret:
    text = secret.reveal()
    if not text:
        raise refusal("is empty", "give the secret the client sends")
    if ":" in text:
        raise refusal("holds a colon, after which clients put a label", "use a secret without a colon")
    if not _SECRET_TEXT.fullmatch(text):
        raise refusal("holds a blank, a line break or a letter outside ASCII", "use printable ASCII without blanks")
    if len(text) > _LONGEST_SECRET:
        raise refusal(f"is longer than {_LONGEST_SECRET} characters", "use a shorter secret")
    return Secret(text)


def _in_utc(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class KeySettings(Strict):
    """One client key. Exclusions win over allowances; an empty allowance allows everything."""

    secret: Annotated[Secret, AfterValidator(_client_secret)]
    comment: Text | None = None
    enabled: bool = True
    expires_at: Annotated[datetime, AfterValidator(_in_utc)] | None = None
    quotas: tuple[Name, ...] = ()
    allowed_models: tuple[Name, ...] = ()
    excluded_models: tuple[Name, ...] = ()
    allowed_providers: tuple[Name, ...] = ()
    excluded_providers: tuple[Name, ...] = ()
    allowed_ips: Networks = ()
    allow_raw_passthrough: bool = False


class QuotaSettings(Strict):
    """How much may be used in a window. `rolling` drains continuously over `duration`; the others are UTC calendar windows."""

    type: Literal["rolling", "daily", "weekly", "monthly"]
    duration: Duration | None = None
    limit_type: Literal["requests", "tokens", "cost"]
    limit: Annotated[Decimal, Field(gt=0, le=Decimal(10) ** 15, allow_inf_nan=False)]
    shared: bool = False
    warn_at: Fraction | None = None
    allowed_models: tuple[Name, ...] = ()
    excluded_models: tuple[Name, ...] = ()
    allowed_providers: tuple[Name, ...] = ()
    excluded_providers: tuple[Name, ...] = ()

    @model_validator(mode="after")
    def _duration_belongs_to_rolling(self) -> Self:
        if self.type == "rolling" and not self.duration:
            raise refusal("a rolling quota needs a duration", "add duration: 1h")
        if self.type != "rolling" and self.duration is not None:
            raise refusal(f"a {self.type} quota has no duration", "take it out, or use type: rolling", ("duration",))
        return self

    @model_validator(mode="after")
    def _counts_are_whole(self) -> Self:
        if self.limit_type != "cost" and self.limit != self.limit.to_integral_value():
            raise refusal(f"a limit in {self.limit_type} is a whole number", "round it", ("limit",))
        return self


Keys = Names[KeySettings]
