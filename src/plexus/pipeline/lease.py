"""One attempt's hold on its target: the slot it takes up, and the leave it has of the cooldowns. What came of it counts once."""

from typing import Literal

from plexus.pipeline.traffic import Traffic
from plexus.routing.candidate import Candidate
from plexus.routing.cooldown import Pass
from plexus.routing.measurements import Sample
from plexus.routing.slots import Slot
from plexus.routing.verdict import Verdict


class Lease:
    """A target taken for one attempt. It is given back by `end`, whatever happened before."""

    __slots__ = ("_leave", "_measured", "_slot", "_traffic", "candidate")

    def __init__(self, traffic: Traffic, candidate: Candidate, slot: Slot, leave: Pass) -> None:
        """Take over the slot and the leave."""
        self._traffic, self.candidate, self._slot, self._leave = traffic, candidate, slot, leave
        self._measured = False

    def answered(self) -> None:
        """The target's answer has begun: it is well."""
        traffic = self._traffic
        for provider, model in traffic.cooldowns.succeeded(self._leave, traffic.clock.wall()):
            traffic.events.tell("cooldown.cleared", None, provider=provider, model=model or None)

    def failed(self, verdict: Verdict) -> None:
        """The target failed, before its answer began or after it."""
        traffic = self._traffic
        if verdict.cools:
            wide = verdict.cools == "credential"
            now = traffic.clock.wall()
            set_now = traffic.cooldowns.failed(self._leave, now, traffic.dice, wide=wide, said=verdict.seconds)
            if set_now is not None:
                target = {"provider": self.candidate.provider, "model": None if wide else self.candidate.model}
                seconds = round(set_now.until - now, 3)
                traffic.events.tell("cooldown.set", None, **target, seconds=seconds, reason=verdict.reason)
        if not verdict.client_fault:
            self.measured(Sample(failed=True))

    def measured(self, sample: Sample) -> None:
        """What the request showed of the target; the first word counts."""
        if not self._measured:
            self._measured = True
            traffic, candidate = self._traffic, self.candidate
            traffic.measurements.took(candidate.provider, candidate.model, traffic.clock.wall(), sample)

    def end(self) -> None:
        """Give the target back."""
        self._traffic.cooldowns.left(self._leave)
        self._traffic.line.release(self._slot)


def lease(
    traffic: Traffic, candidate: Candidate, *, forced: bool, slot: Slot | None = None
) -> Lease | Literal["busy", "cooling"]:
    """The target for one attempt, or what stands in the way.

    `forced`: although it cools down. `slot`: one that was waited for.
    """
    provider, model = candidate.provider, candidate.model
    slot = slot or traffic.line.try_acquire(provider, model)
    if slot is None:
        return "busy"
    now = traffic.clock.wall()
    leave = traffic.cooldowns.enter(provider, model, now, forced=forced)
    if leave is None:
        traffic.line.release(slot)
        return "cooling"
    traffic.measurements.used(provider, model, now)
    return Lease(traffic, candidate, slot, leave)
