"""From a model name to targets in order: aliases and their groups, direct addresses, bare model names.

Immutable once made from a configuration; a request keeps the routes it started with.
"""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from plexus.routing.candidate import Candidate
from plexus.routing.selectors import Dice, Selector

DIRECT = "direct/"


class Group(Struct, frozen=True):
    """Targets of equal standing, ordered by a selector. A member is a candidate or the name of another alias."""

    name: str
    selector: Selector
    members: tuple[Candidate | str, ...]


class Alias(Struct, frozen=True):
    """A public model name: groups are exhausted in order. Additional aliases are other names for it."""

    name: str
    groups: tuple[Group, ...]
    prefer_protocol: bool = False
    """`priority: api_match`: targets that speak the client's protocol come first."""
    additional: tuple[str, ...] = ()


class Plan(Struct, frozen=True):
    """What a name stands for: the alias (or the direct address), and its targets, best first."""

    alias: str
    candidates: tuple[Candidate, ...]
    prefer_protocol: bool = False


class UnknownModel(Exception):  # noqa: N818 - the client's mistake, named for it
    """No alias, direct address or provider's model has this name."""


class Routes:
    """All names of one configuration."""

    def __init__(self, aliases: Sequence[Alias], models: Mapping[str, Sequence[str]]) -> None:
        """`models` lists each provider's models."""
        self.aliases = {alias.name: alias for alias in aliases}
        self._names = {name: alias for alias in aliases for name in (alias.name, *alias.additional)}
        self._settled = {name: plan for name, alias in self._names.items() if (plan := _only(alias)) is not None}
        self._models = {provider: frozenset(names) for provider, names in models.items()}
        self._bare: dict[str, list[str]] = {}
        for provider, names in models.items():
            for model in names:
                self._bare.setdefault(model, []).append(provider)

    def plan(self, name: str, dice: Dice) -> Plan:
        """The targets of a name, best first, each at most once.

        Raises:
            UnknownModel: when the name is nobody's.
        """
        if (settled := self._settled.get(name)) is not None:
            return settled
        if (alias := self._names.get(name)) is not None:
            return Plan(alias.name, _unique(self._targets(alias, dice)), alias.prefer_protocol)
        if name.startswith(DIRECT):
            return self._direct(name, dice)
        providers = self._bare.get(name, ())
        if len(providers) == 1:
            return Plan(name, (Candidate(providers[0], name),))
        raise UnknownModel(name)

    def _direct(self, name: str, dice: Dice) -> Plan:
        address = name.removeprefix(DIRECT)
        # Ids may contain "/", so every cut is tried: provider and model first, then alias and group.
        cuts = [(address[:i], address[i + 1 :]) for i, letter in enumerate(address) if letter == "/"]
        for owner, model in cuts:
            if model in self._models.get(owner, ()):
                return Plan(name, (Candidate(owner, model),))
        for owner, wanted in cuts:
            alias = self._names.get(owner)
            for group in alias.groups if alias else ():
                if group.name == wanted:
                    return Plan(name, _unique(self._members(group, dice)))
        raise UnknownModel(name)

    def _targets(self, alias: Alias, dice: Dice) -> Iterator[Candidate]:
        for group in alias.groups:
            yield from self._members(group, dice)

    def _members(self, group: Group, dice: Dice) -> Iterator[Candidate]:
        yield from group.selector.order([m for m in group.members if isinstance(m, Candidate)], dice)
        for member in group.members:
            if isinstance(member, str):
                yield from self._targets(self._names[member], dice)

    def names(self) -> list[str]:
        """The public names, as `GET /v1/models` lists them: aliases, then models only one provider lists."""
        bare = (model for model, providers in self._bare.items() if len(providers) == 1 and model not in self._names)
        return [*self.aliases, *bare]


def _only(alias: Alias) -> Plan | None:
    """The plan of an alias with a single target, which no selector can change."""
    members = [member for group in alias.groups for member in group.members]
    if len(members) == 1 and isinstance(members[0], Candidate):
        return Plan(alias.name, (members[0],), alias.prefer_protocol)
    return None


def _unique(candidates: Iterator[Candidate]) -> tuple[Candidate, ...]:
    kept: dict[tuple[str, str], Candidate] = {}
    for candidate in candidates:
        kept.setdefault((candidate.provider, candidate.model), candidate)
    return tuple(kept.values())
