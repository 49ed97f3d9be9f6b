"""A client's API key as configured, and the quotas it may draw on."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from plexus.core.secret import Secret
from plexus.settings.scalars import Duration, Fraction, Name, Names, Networks, Strict, Text, refusal
from plexus.settings.secret_hash import FORM, plain

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


def _secret_hash(value: str) -> str:
    if not FORM.fullmatch(value):
        said = "is no hash of a secret, such as sha256: and 64 lower case hex digits"
        raise refusal(said, "take it from `plexus keys create` or from an export")
    return value


SecretHash = Annotated[Text, AfterValidator(_secret_hash)]
"""`sha256:` and the hash of a secret, or `hmac-sha256:`, 8 digits that name a pepper, and the hash of that hash under it."""
Moment = Annotated[datetime, AfterValidator(_in_utc)]


class PreviousSecret(Strict):
    """A secret that was replaced, and until when it still works."""

    secret_hash: SecretHash
    until: Moment


class KeySettings(Strict):
    """One client key, by its secret or the hash of it. Exclusions win over allowances; an empty allowance allows everything."""

    secret: Annotated[Secret, AfterValidator(_client_secret)] | None = None
    secret_hash: SecretHash | None = None
    last_four: Annotated[Text, Field(pattern=r"^[\x21-\x7e]{4}$")] | None = None
    previous: tuple[PreviousSecret, ...] = ()
    comment: Text | None = None
    enabled: bool = True
    expires_at: Moment | None = None
    quotas: tuple[Name, ...] = ()
    max_cost: Annotated[Decimal, Field(ge=Decimal("0.00000001"), le=Decimal(10) ** 9, allow_inf_nan=False)] | None = (
        None
    )
    allowed_models: tuple[Name, ...] = ()
    excluded_models: tuple[Name, ...] = ()
    allowed_providers: tuple[Name, ...] = ()
    excluded_providers: tuple[Name, ...] = ()
    allowed_ips: Networks = ()
    allow_raw_passthrough: bool = False

    @model_validator(mode="after")
    def _one_secret(self) -> Self:
        if self.secret is None and self.secret_hash is None:
            raise refusal("is missing", "add it, or secret_hash", ("secret",))
        if self.secret is not None and self.secret_hash is not None:
            raise refusal("stands beside a secret", "take one of the two out", ("secret_hash",))
        return self

    @property
    def hashed(self) -> str:
        """The hash of its secret, in the form of `secret_hash`; the same for a secret and its plain hash."""
        return (self.secret_hash or "") if self.secret is None else plain(self.secret)


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
