"""The plan of one request: which targets it may try, in what order, and why not the others.

One function, `plan`, for real requests and for explaining them. It changes nothing: the trial of a cooled target and the slot
of a busy one are taken when an attempt begins, not when it is planned.
"""

from collections.abc import Callable
from typing import Literal

from msgspec import Struct
from msgspec.structs import force_setattr

from plexus.routing.candidate import Candidate
from plexus.routing.cooldown import Cooldowns
from plexus.routing.cooldown_entry import Cooling
from plexus.routing.exploration import Exploration, explored
from plexus.routing.selectors import Dice, Selector
from plexus.routing.slots import Slots

Key = tuple[str, str]
Reason = Literal["not_allowed", "cooling", "busy", "other_protocol", "quota"]


class Stage(Struct, frozen=True):
    """Targets of equal standing: one group of an alias, without the aliases in it, which are stages of their own."""

    group: str
    """`alias/group`, as it can be addressed."""
    selector: Selector
    members: tuple[Candidate, ...]
    prefer_protocol: bool = False


class Route(Struct, frozen=True):
    """What a name stands for: stages that are exhausted in order."""

    name: str
    stages: tuple[Stage, ...]
    prefer_protocol: bool = False
    overlaps: bool = False
    """Whether a target is in more than one stage."""
    only: "Plan | None" = None
    """The plan of a route with a single target, as long as nothing stands in its way."""

    def __post_init__(self) -> None:
        """Most names stand for one target, and every request asks."""
        if len(self.stages) == 1 and len(self.stages[0].members) == 1:
            stage = self.stages[0]
            considered = Considered(stage.group, stage.selector, stage.members)
            force_setattr(self, "only", Plan(self.name, stage.members, self.prefer_protocol, considered=(considered,)))


class Circumstances(Struct, frozen=True, kw_only=True):
    """Everything else a plan depends on. What is None does not matter to this request."""

    dice: Dice
    now: float = 0.0
    """Seconds of the wall clock."""
    cooldowns: Cooldowns | None = None
    slots: Slots | None = None
    weigh: Callable[[Candidate, frozenset[str]], Candidate] | None = None
    """Gives a candidate the facts wanted (`Facts`)."""
    refusal: Callable[[Candidate], str] | None = None
    """Why the key, a quota or the kind of request rules a target out, in words; empty when nothing does."""
    speaks: Callable[[Candidate], bool] | None = None
    """Whether a target speaks the client's protocol, for `priority: api_match`."""
    sticky: Key | None = None
    """The target this session was served by."""
    exploration: Exploration | None = None
    nearest: bool = False
    """When all that is left cools down, plan the one nearest to its end instead of nothing."""
    ejected_share: float = 0.5
    """Of the targets of a stage, at most this share is kept away for flapping; targets that only fail do not count."""
    everything: bool = False
    """Gather all facts, not only those the selectors look at: for showing them."""


class Excluded(Struct, frozen=True):
    """A target the request may not try, and why."""

    candidate: Candidate
    group: str
    reason: Reason
    said: str = ""
    """The refusal in words."""
    cooling: Cooling | None = None

    def sentence(self, now: float) -> str:
        """The reason in words."""
        if self.cooling is not None:
            return self.cooling.sentence(now)
        return self.said or _WORDS[self.reason]


_WORDS: dict[Reason, str] = {
    "not_allowed": "it may not be used for this request",
    "cooling": "it cools down",
    "busy": "it is at its limit of requests at once",
    "quota": "a quota has no room for it",
    "other_protocol": "another target of its group speaks the client's protocol, and the alias prefers that",
}


class Considered(Struct, frozen=True):
    """A stage as it was decided: the targets that could be used, with their facts, in the order of the configuration."""

    group: str
    selector: Selector
    candidates: tuple[Candidate, ...]
    explored: Candidate | None = None
    """The one that goes first because little is known of it."""


class Ranked(Struct, frozen=True):
    """A planned target and what put it in its place."""

    candidate: Candidate
    group: str
    selector: str
    score: float | None
    meaning: str
    why: str
    """selector, explored, sticky or forced."""


class Plan(Struct, frozen=True):
    """The targets of a request, best first, and how that came about."""

    alias: str
    candidates: tuple[Candidate, ...]
    prefer_protocol: bool = False
    excluded: tuple[Excluded, ...] = ()
    considered: tuple[Considered, ...] = ()
    forced: tuple[Candidate, ...] = ()
    """Those of the candidates that cool down and are tried all the same; they enter with `forced=True`."""
    sticky: bool = False
    """The first candidate is first because the session was served by it."""

    def retry_after(self, now: float) -> float | None:
        """Seconds until the first of the cooling targets may be tried; None when none cools down."""
        ends = [excluded.cooling.until for excluded in self.excluded if excluded.cooling is not None]
        return max(min(ends) - now, 0.0) if ends else None

    @property
    def alone(self) -> bool:
        """Whether there is one target and no other."""
        return len(self.candidates) + len(self.busy) == 1

    @property
    def busy(self) -> tuple[Candidate, ...]:
        """Those that only lack a slot, in the order of the configuration: worth waiting for."""
        if not self.excluded:
            return ()
        return tuple(excluded.candidate for excluded in self.excluded if excluded.reason == "busy")

    def ranked(self) -> list[Ranked]:
        """The candidates in order with their scores, by the very functions and facts that put them there."""
        rows: dict[Key, Ranked] = {}
        for stage in self.considered:
            selector = stage.selector
            scores = selector.scores(stage.candidates) if selector.scores else [None] * len(stage.candidates)
            for candidate, score in zip(stage.candidates, scores, strict=True):
                why = "explored" if candidate is stage.explored else "selector"
                row = Ranked(candidate, stage.group, selector.name, score, selector.meaning, why)
                rows[candidate.provider, candidate.model] = row
        return [self._ranked(candidate, rows) for candidate in self.candidates]

    def _ranked(self, candidate: Candidate, rows: dict[Key, Ranked]) -> Ranked:
        row = rows.get((candidate.provider, candidate.model))
        if row is None:
            return Ranked(candidate, "", "", None, "", "forced")
        if self.sticky and candidate is self.candidates[0]:
            return Ranked(candidate, row.group, row.selector, row.score, row.meaning, "sticky")
        return row


def undisputed(route: Route, cooldowns: Cooldowns, slots: Slots, now: float) -> Plan | None:
    """The plan of a route with one target that may be tried; it is the same each time. None when there is something to decide."""
    only = route.only
    if only is None:
        return None
    target = only.candidates[0]
    if cooldowns.cooling(target.provider, target.model, now) is not None:
        return None
    return only if slots.free(target.provider, target.model) else None


def plan(route: Route, given: Circumstances) -> Plan:
    """The targets of a route under these circumstances, each at most once."""
    ordered: list[Candidate] = []
    considered: list[Considered] = []
    excluded: list[Excluded] = []
    readmitted: list[Excluded] = []
    seen: set[Key] | None = set() if route.overlaps else None
    for stage in route.stages:
        start = len(excluded)
        usable = _usable(stage, given, seen, excluded)
        if len(excluded) > start:
            readmitted += _readmitted(stage, excluded[start:], given.ejected_share)
        if usable:
            first = _order(stage, usable, given, ordered)
            considered.append(Considered(stage.group, stage.selector, tuple(usable), first))
    sticky = given.sticky is not None and _hoist(given.sticky, ordered)
    if not ordered and not readmitted and given.nearest:
        readmitted = _nearest(excluded)
    if readmitted:
        readmitted.sort(key=_end)
        excluded = [entry for entry in excluded if entry not in readmitted]
    forced = tuple(entry.candidate for entry in readmitted)
    return Plan(
        route.name,
        (*ordered, *forced),
        route.prefer_protocol,
        tuple(excluded),
        tuple(considered),
        forced,
        sticky,
    )


def _usable(stage: Stage, given: Circumstances, seen: set[Key] | None, excluded: list[Excluded]) -> list[Candidate]:
    """The members that may be tried, with their facts; the others are added to `excluded`."""
    cooldowns, slots, refusal, weigh = given.cooldowns, given.slots, given.refusal, given.weigh
    wanted = _ALL if given.everything else stage.selector.weighs
    usable: list[Candidate] = []
    for member in stage.members:
        provider, model = member.provider, member.model
        if seen is not None and (provider, model) in seen:
            continue
        if refusal is not None and (said := refusal(member)):
            excluded.append(Excluded(member, stage.group, "not_allowed", said))
        elif cooldowns is not None and (cooling := cooldowns.cooling(provider, model, given.now)) is not None:
            excluded.append(Excluded(member, stage.group, "cooling", cooling=cooling))
        elif slots is not None and not slots.free(provider, model):
            excluded.append(Excluded(member, stage.group, "busy"))
        else:
            usable.append(weigh(member, wanted) if weigh is not None and wanted else member)
            continue
        if seen is not None:
            seen.add((provider, model))
    if stage.prefer_protocol and given.speaks is not None:
        usable = _speaking(stage, usable, given.speaks, excluded)
    if seen is not None:
        seen.update((candidate.provider, candidate.model) for candidate in usable)
    return usable


_ALL = frozenset({"cost", "ttft", "throughput", "end_to_end", "recent", "error_rate", "headroom"})


def _speaking(
    stage: Stage, usable: list[Candidate], speaks: Callable[[Candidate], bool], excluded: list[Excluded]
) -> list[Candidate]:
    """Those that speak the client's protocol; all when none does."""
    speaking = [candidate for candidate in usable if speaks(candidate)]
    if not speaking or len(speaking) == len(usable):
        return usable
    excluded += [Excluded(c, stage.group, "other_protocol") for c in usable if c not in speaking]
    return speaking


def _order(stage: Stage, usable: list[Candidate], given: Circumstances, ordered: list[Candidate]) -> Candidate | None:
    """Add the stage's candidates to those ordered; returns the one that goes first to be explored."""
    chosen = stage.selector.order(usable, given.dice) if len(usable) > 1 else usable
    first = None
    if stage.selector.explores and given.exploration is not None:
        first = explored(usable, given.dice, given.exploration)
    if first is not None:
        ordered.append(first)
        ordered += [candidate for candidate in chosen if candidate is not first]
    else:
        ordered += chosen
    return first


def _hoist(sticky: Key, ordered: list[Candidate]) -> bool:
    for place, candidate in enumerate(ordered):
        if candidate.provider == sticky[0] and candidate.model == sticky[1]:
            ordered.insert(0, ordered.pop(place))
            return True
    return False


def _readmitted(stage: Stage, excluded: list[Excluded], share: float) -> list[Excluded]:
    """Of the flapping members, those beyond the share that may be kept away: the ones nearest to their end."""
    flapping = [entry for entry in excluded if entry.cooling is not None and entry.cooling.by_rate]
    excess = len(flapping) - int(share * len(stage.members))
    return sorted(flapping, key=_end)[:excess] if excess > 0 else []


def _nearest(excluded: list[Excluded]) -> list[Excluded]:
    cooling = [entry for entry in excluded if entry.cooling is not None]
    return [min(cooling, key=_end)] if cooling else []


def _end(entry: Excluded) -> float:
    return entry.cooling.until if entry.cooling is not None else 0.0
