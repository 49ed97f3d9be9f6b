"""What this process knows of its targets from the requests it served, and who is told of it. The rules are routing's.

Kept in memory; `export` and `load` carry what must survive a restart through whatever keeps it.
"""

from collections.abc import Callable
from typing import Any

from plexus.core.clock import Clock
from plexus.pipeline.events import Events
from plexus.pipeline.retrying import Retrying
from plexus.pipeline.rules import Rules
from plexus.pipeline.waiting_line import WaitingLine
from plexus.routing.budget import RetryBudget
from plexus.routing.cooldown import Cooldowns
from plexus.routing.doubling import Doubling
from plexus.routing.measurements import Measurements
from plexus.routing.queue import Queue
from plexus.routing.sessions import Sessions
from plexus.routing.slots import Slots
from plexus.routing.waits import Waits

Dice = Callable[[], float]


class Traffic:
    """Cooldowns, slots and who waits for one, measurements, sessions, and what retries and hedges may cost."""

    def __init__(self, clock: Clock, dice: Dice, rules: Rules) -> None:
        """Nothing is known yet."""
        self.clock, self.dice = clock, dice
        self.events = Events(clock)
        self.cooldowns = Cooldowns(rules.policy)
        self.line = WaitingLine(Slots(rules.slots), Queue(rules.queue))
        self.measurements = Measurements()
        self.sessions = Sessions(rules.sessions)
        self.retrying = Retrying(RetryBudget(), clock)
        self.doubling = Doubling()
        self.waits = {stream: Waits() for stream in (False, True)}
        """Until an answer began, of streams and of whole answers."""

    def configure(self, rules: Rules) -> None:
        """Go by other rules from now on; what is under way keeps what it has."""
        self.cooldowns.policy = rules.policy
        self.line.slots.limits = rules.slots
        self.line.queue.size = rules.queue
        self.sessions.size = rules.sessions
        self.line.serve()

    def export(self) -> dict[str, Any]:
        """What must survive a restart, as plain data."""
        return {"cooldowns": self.cooldowns.export(), "measurements": self.measurements.export()}

    def load(self, kept: Any) -> None:
        """Take up what was exported; what cannot be read is left out."""
        if not isinstance(kept, dict):
            return
        now = self.clock.wall()
        for state, name in ((self.cooldowns, "cooldowns"), (self.measurements, "measurements")):
            rows = kept.get(name)
            if isinstance(rows, list):
                state.load(rows, now)
