"""A summary of usage as it is asked for and shown: range, time zone, buckets, dimensions."""

from collections.abc import Mapping, Sequence
from typing import Annotated, get_args

from fastapi import Query

from plexus.usage.calendar import Bucket, Unit, UnknownZone, buckets, zone
from plexus.usage.summary import Dimension, Group
from plexus.usage.sums import Numbers
from plexus.web.management.refusals import Refusal
from plexus.web.management.usage_asked import Moment, Word, moment_in, owner_of
from plexus.web.management.usage_shapes import Status
from plexus.web.management.usage_written import summary_written
from plexus.web.management.visitor import Visitor

_DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)
_USUAL = 7 * 86_400_000


class Summing:
    """What a summary is asked for."""

    def __init__(  # noqa: PLR0913, PLR0917 - FastAPI reads a parameter of the query from each
        self,
        since: Moment = None,
        until: Moment = None,
        timezone: Annotated[str, Query(max_length=80, description="An IANA name such as Europe/Berlin.")] = "UTC",
        bucket: Unit = "day",
        group_by: Annotated[
            str, Query(max_length=200, description=f"Any of {', '.join(_DIMENSIONS)}, separated by commas.")
        ] = "",
        key: Word = None,
        attribution: Word = None,
        alias: Word = None,
        provider: Word = None,
        model: Word = None,
        client_protocol: Word = None,
        status: Status | None = None,
    ) -> None:
        """As the query says. Without `since` it is the seven days before `until`, without that until now."""
        said = locals()
        self.since, self.until = moment_in(since, "since"), moment_in(until, "until")
        self.timezone, self.bucket, self.by = timezone, bucket, _dimensions(group_by)
        self.only: dict[Dimension, str] = {name: said[name] for name in _DIMENSIONS if said[name] is not None}

    def buckets(self, now: int) -> list[Bucket]:
        """The buckets of the range.

        Raises:
            Refusal: when there are none, or too many.
        """
        self.until = now if self.until is None else self.until
        self.since = max(0, self.until - _USUAL) if self.since is None else self.since
        try:
            return buckets(self.since, self.until, self.bucket, zone(self.timezone))
        except UnknownZone as error:
            raise Refusal(400, f"timezone: {error}", "invalid_value", param="timezone") from None
        except ValueError as error:
            raise Refusal(400, f"since, until: {error}", "invalid_value", param="since") from None

    def only_of(self, visitor: Visitor) -> dict[Dimension, str] | None:
        """The values some dimensions must have for this visitor; None when there can be nothing."""
        owner = owner_of(visitor)
        if owner is None:
            return self.only
        return None if self.only.get("key", owner) != owner else {**self.only, "key": owner}

    def shown(self, cut: Sequence[Bucket], found: Mapping[Group, Numbers]) -> bytes:
        """The answer."""
        asked = {"since": self.since, "until": self.until, "timezone": self.timezone, "bucket": self.bucket}
        return summary_written(asked, self.by, cut, found)


def _dimensions(said: str) -> tuple[Dimension, ...]:
    words = [word.strip() for word in said.split(",")] if said else []
    found = tuple(name for name in _DIMENSIONS if name in words)
    if len(found) != len(words):
        message = f"group_by: must be some of {', '.join(_DIMENSIONS)}, each once, separated by commas"
        raise Refusal(400, message, "invalid_value", param="group_by")
    return found
