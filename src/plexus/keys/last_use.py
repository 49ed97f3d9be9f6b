"""When each key was last used: kept in memory, written in batches by somebody else. It asks no database."""

from collections.abc import Mapping


class LastUse:
    """Moments in milliseconds since 1970, by the name of the key. It outlives keyrings, and knows no more keys than there are."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}
        self._changed: set[str] = set()

    def note(self, key: str, moment: int) -> None:
        """A request of this key came. Moments before the last one change nothing."""
        if moment > self._known.get(key, -1):
            self._known[key] = moment
            self._changed.add(key)

    def of(self, key: str) -> int | None:
        """The last use; None when there was none that is known."""
        return self._known.get(key)

    def load(self, known: Mapping[str, int]) -> None:
        """Take up what was written before. Later moments stay."""
        for key, moment in known.items():
            self._known[key] = max(moment, self._known.get(key, moment))

    def changes(self) -> dict[str, int]:
        """What has changed since the last call, to be written; give it to `again` if that fails."""
        changed = {key: self._known[key] for key in sorted(self._changed)}
        self._changed.clear()
        return changed

    def again(self, batch: Mapping[str, int]) -> None:
        """A batch that could not be written comes with the next one."""
        self._changed.update(key for key in batch if key in self._known)

    def forget(self, keys: frozenset[str]) -> None:
        """Keep only these keys, those that are still configured."""
        self._known = {key: moment for key, moment in self._known.items() if key in keys}
        self._changed &= keys
