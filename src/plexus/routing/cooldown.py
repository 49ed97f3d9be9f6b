"""Cooldowns: which targets rest, until when, and who may try them again. A state machine; the clock and the dice come in.

An entry belongs to a provider and model, or to a provider's credential (model ""). It never shortens its own deadline, keeps
its count when it expires, and is cleared by a success, unless that was of a request older than the newest failure. When the
deadline has passed exactly one request may try; the others go on seeing the target as cooling until that trial is over.
All times are seconds of the wall clock, so that they mean the same after a restart.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from plexus.routing.cooldown_entry import Cooling, Entry, read_entry, write_entry

Key = tuple[str, str]
CREDENTIAL = ""
"""The model of an entry that holds for all models of a provider."""


class Policy(Struct, frozen=True):
    """The rules. Durations in seconds; `exempt` names the providers that never rest (`disable_cooldown`)."""

    initial: float = 120.0
    max: float = 18_000.0
    threshold: int = 1
    """Failures in a row after which a target rests. A provider that says how long to wait is obeyed at once."""
    jitter: float = 0.05
    """The trial is put off by up to this share of the cooldown, at most `max_jitter`, so that not all processes try at once."""
    max_jitter: float = 30.0
    lease: float = 120.0
    """How long a trial may be silent before another request may try."""
    rate: float = 0.5
    """Share of failures from which a target counts as flapping: it then rests even if successes lie between."""
    volume: float = 10.0
    """Attempts, those of `half_life` seconds ago counting half, below which the share of failures means nothing."""
    half_life: float = 60.0
    longest: float = 7 * 86_400.0
    """The longest a provider is obeyed."""
    size: int = 10_000
    """Entries kept at most."""
    exempt: frozenset[str] = frozenset()


class Pass(Struct):
    """The leave to send one attempt to a target. It is handed back with what came of it, and counts once each way."""

    provider: str
    model: str
    started: float
    trials: tuple[tuple[Key, int], ...] = ()
    """The half-open entries this attempt is the trial of."""
    failed: bool = False
    succeeded: bool = False


class Cooldowns:
    """All entries of one process."""

    def __init__(self, policy: Policy | None = None) -> None:
        """`policy` may be replaced at any time; it holds for what happens from then on."""
        self.policy = policy or Policy()
        self._entries: OrderedDict[Key, Entry] = OrderedDict()
        self._issued = 0

    def cooling(self, provider: str, model: str, now: float) -> Cooling | None:
        """Why an attempt at the target must not begin now; None when it may. The longer of credential and target."""
        entries, key = self._entries, (provider, model)
        if (key not in entries and (provider, CREDENTIAL) not in entries) or provider in self.policy.exempt:
            return None
        own = self._closed(key, now)
        whole = self._closed((provider, CREDENTIAL), now)
        if own is None or whole is None:
            return own or whole
        return own if own.until >= whole.until else whole

    def _closed(self, key: Key, now: float) -> Cooling | None:
        entry = self._entries.get(key)
        if entry is None or not entry.resting:
            return None
        if now < entry.opens:
            return entry.seen(key, entry.opens)
        if entry.trial and now < entry.leased:
            return entry.seen(key, entry.leased, trial=True)
        return None

    def enter(self, provider: str, model: str, now: float, *, forced: bool = False) -> Pass | None:
        """Begin an attempt; None when the target cools down. `forced` goes in all the same, and takes the trial if it is free."""
        if not self._entries or provider in self.policy.exempt:
            return Pass(provider, model, now)
        if not forced and self.cooling(provider, model, now) is not None:
            return None
        trials: list[tuple[Key, int]] = []
        for key in ((provider, model), (provider, CREDENTIAL)):
            entry = self._entries.get(key)
            if entry is not None and entry.resting and self._closed(key, now) is None:
                self._issued += 1
                entry.trial, entry.leased = self._issued, now + self.policy.lease
                trials.append((key, self._issued))
        return Pass(provider, model, now, tuple(trials))

    def succeeded(self, attempt: Pass, now: float) -> list[Key]:
        """The target answered. Returns the entries whose cooldown this ended."""
        if attempt.failed or attempt.succeeded:
            return []
        attempt.succeeded = True
        self._end_trials(attempt)
        if not self._entries:
            return []
        keys = ((attempt.provider, attempt.model), (attempt.provider, CREDENTIAL))
        return [key for key in keys if self._recover(key, attempt.started, now)]

    def _recover(self, key: Key, started: float, now: float) -> bool:
        """A success seen by one entry. One of a request that began before the newest failure proves nothing about now."""
        entry = self._entries.get(key)
        if entry is None:
            return False
        entry.tally(now, self.policy.half_life, failed=False)
        if started < entry.failed_at:
            return False
        was, entry.resting, entry.run = entry.resting, False, 0
        if not self._unsettled(entry):
            entry.count = 0
        return was

    def failed(
        self, attempt: Pass, now: float, dice: Callable[[], float], *, wide: bool = False, said: float | None = None
    ) -> Cooling | None:
        """The attempt failed in a way that cools. Returns the cooldown this set or prolonged, None when there is none.

        `wide`: the credential failed, not the model. `said`: seconds the provider asked for; they replace the formula.
        """
        if attempt.failed:
            return None
        attempt.failed = True
        self._end_trials(attempt)
        if attempt.provider in self.policy.exempt:
            return None
        key = (attempt.provider, CREDENTIAL if wide else attempt.model)
        entry = self._entry(key)
        entry.tally(now, self.policy.half_life, failed=True)
        # Attempts that were under way when the cooldown was set tell of the same outage: it does not get longer for them.
        same_outage = entry.resting and attempt.started < entry.failed_at
        entry.failed_at = max(entry.failed_at, now)
        entry.run += 1
        if said is None and entry.run < self.policy.threshold and not self._flaps(entry):
            return None
        entry.count += not same_outage or entry.count == 0
        self._rest(entry, now, dice(), said)
        return entry.seen(key, entry.opens)

    def _rest(self, entry: Entry, now: float, chance: float, said: float | None) -> None:
        policy = self.policy
        if said is None:
            # 2 ** 60 is beyond any maximum; a larger exponent would overflow
            seconds = min(policy.max, policy.initial * 2.0 ** min(entry.count - 1, 60))
        else:
            seconds = min(max(said, 0.0), policy.longest)
        until = now + seconds
        if not entry.resting or until > entry.until:
            entry.until = until
            entry.said = said is not None
        late = until + chance * min(seconds * policy.jitter, policy.max_jitter)
        entry.opens = max(entry.opens, late) if entry.resting else late
        entry.resting = True
        entry.by_rate = not entry.said and self._flaps(entry) and entry.successes >= 1

    def left(self, attempt: Pass) -> None:
        """The attempt ended without telling anything of the target: cancelled, or the client's own fault."""
        self._end_trials(attempt)

    def _end_trials(self, attempt: Pass) -> None:
        for key, number in attempt.trials:
            entry = self._entries.get(key)
            if entry is not None and entry.trial == number:
                entry.trial = 0
        attempt.trials = ()

    def _flaps(self, entry: Entry) -> bool:
        return entry.volume >= self.policy.volume and entry.failures >= self.policy.rate * entry.volume

    def _unsettled(self, entry: Entry) -> bool:
        """Whether successes lie among many failures still: one more then does not mean that the target is well."""
        often = entry.volume >= self.policy.volume and entry.failures >= self.policy.rate / 2 * entry.volume
        return often and entry.successes >= 2  # noqa: PLR2004 - this success and one before it

    def _entry(self, key: Key) -> Entry:
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries[key] = Entry()
            while len(self._entries) > self.policy.size:
                self._entries.popitem(last=False)
        self._entries.move_to_end(key)
        return entry

    def listing(self, now: float) -> list[Cooling]:
        """What cools down now, soonest first."""
        found = [cooling for key in self._entries if (cooling := self._closed(key, now)) is not None]
        return sorted(found, key=lambda cooling: cooling.until)

    def clear(self, provider: str | None = None, model: str | None = None) -> list[Key]:
        """End cooldowns and forget their counts: all, one provider's, or exactly one target's. Returns what was there."""
        gone = [
            key
            for key in self._entries
            if (provider is None or key[0] == provider) and (model is None or key[1] == model)
        ]
        for key in gone:
            del self._entries[key]
        return gone

    def export(self) -> list[dict[str, Any]]:
        """The entries as plain data."""
        return [write_entry(key, entry) for key, entry in self._entries.items()]

    def load(self, rows: Iterable[Any], now: float) -> None:
        """Take up what was exported, by another process perhaps: the later deadline and the higher count stay.

        Rows that cannot be read are skipped. No deadline lies farther ahead than the rules allow, whatever the clocks said.
        """
        for row in rows:
            read = read_entry(row, now, max(self.policy.longest, self.policy.max), self.policy.max_jitter)
            if read is None:
                continue
            key, entry = read
            known = self._entries.get(key)
            count = max(entry.count, known.count if known else 0)
            if known is None or entry.opens > known.opens:
                self._entry(key)
                self._entries[key] = replace(entry, count=count)
            else:
                known.count = count
