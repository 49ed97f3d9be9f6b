"""From a model name to what it stands for: aliases and their groups, direct addresses, bare model names.

Immutable once made from a configuration; a request keeps the routes it started with.
"""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from plexus.routing.candidate import Candidate
from plexus.routing.plan import Circumstances, Plan, Route, Stage
from plexus.routing.plan import plan as planned
from plexus.routing.selectors import Dice, Selector
from plexus.routing.selectors.in_order import SELECTOR as IN_ORDER

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
    """`priority: api_match`: of a group, only targets that speak the client's protocol are used while there is one."""
    additional: tuple[str, ...] = ()
    sticky: bool = True
    """Whether a session stays with the target that served it."""


class UnknownModel(Exception):  # noqa: N818 - the client's mistake, named for it
    """No alias, direct address or provider's model has this name."""


class Routes:
    """All names of one configuration."""

    def __init__(self, aliases: Sequence[Alias], models: Mapping[str, Sequence[str]]) -> None:
        """`models` lists each provider's models."""
        self.aliases = {alias.name: alias for alias in aliases}
        self._names = {name: alias for alias in aliases for name in (alias.name, *alias.additional)}
        self._models = {provider: frozenset(names) for provider, names in models.items()}
        self._bare: dict[str, list[str]] = {}
        for provider, names in models.items():
            for model in names:
                self._bare.setdefault(model, []).append(provider)
        routes = {alias.name: _route(alias.name, self._stages(alias), alias) for alias in aliases}
        self._routes = {name: routes[alias.name] for name, alias in self._names.items()}

    def plan(self, name: str, dice: Dice) -> Plan:
        """The targets of a name in fair weather, best first, each at most once.

        Raises:
            UnknownModel: when the name is nobody's.
        """
        return planned(self.route(name), Circumstances(dice=dice))

    def decide(self, name: str, given: Circumstances) -> Plan:
        """The targets of a name under these circumstances, best first, each at most once; and why not the others.

        Raises:
            UnknownModel: when the name is nobody's.
        """
        return planned(self.route(name), given)

    def route(self, name: str) -> Route:
        """What a name stands for.

        Raises:
            UnknownModel: when it is nobody's.
        """
        if (route := self._routes.get(name)) is not None:
            return route
        if name.startswith(DIRECT):
            return self._direct(name)
        providers = self._bare.get(name, ())
        if len(providers) == 1:
            return _single(name, Candidate(providers[0], name))
        raise UnknownModel(name)

    def all(self) -> list[Route]:
        """The routes of all aliases, each once."""
        return [self._routes[name] for name in self.aliases]

    def sticky(self, name: str) -> bool:
        """Whether sessions of this name stay with their target; a direct address to one target needs no such thing."""
        alias = self._names.get(name)
        return alias is not None and alias.sticky

    def _direct(self, name: str) -> Route:
        address = name.removeprefix(DIRECT)
        # Ids may contain "/", so every cut is tried: provider and model first, then alias and group.
        cuts = [(address[:i], address[i + 1 :]) for i, letter in enumerate(address) if letter == "/"]
        for owner, model in cuts:
            if model in self._models.get(owner, ()):
                return _single(name, Candidate(owner, model))
        for owner, wanted in cuts:
            alias = self._names.get(owner)
            for group in alias.groups if alias else ():
                if alias is not None and group.name == wanted:
                    return _route(name, self._members(alias, group, (alias.name,)), alias)
        raise UnknownModel(name)

    def _stages(self, alias: Alias, within: tuple[str, ...] = ()) -> Iterator[Stage]:
        """The stages of an alias. `within` are the aliases it is a member of, directly or not."""
        # The settings refuse circles when they are loaded; an alias inside itself adds nothing here.
        if alias.name not in within:
            for group in alias.groups:
                yield from self._members(alias, group, (*within, alias.name))

    def _members(self, alias: Alias, group: Group, within: tuple[str, ...]) -> Iterator[Stage]:
        """The group's own targets, then those of the aliases in it, each with its own groups and selectors."""
        prefer = any(self._names[name].prefer_protocol for name in within)
        own = _once(member for member in group.members if isinstance(member, Candidate))
        if own:
            yield Stage(f"{alias.name}/{group.name}", group.selector, own, prefer)
        for member in group.members:
            if isinstance(member, str):
                yield from self._stages(self._names[member], within)

    def names(self) -> list[str]:
        """The public names, as `GET /v1/models` lists them: aliases, then models only one provider lists."""
        bare = (model for model, providers in self._bare.items() if len(providers) == 1 and model not in self._names)
        return [*self.aliases, *bare]


def _single(name: str, candidate: Candidate) -> Route:
    return Route(name, (Stage(name, IN_ORDER, (candidate,)),))


def _route(name: str, stages: Iterator[Stage], alias: Alias) -> Route:
    listed = tuple(stages)
    targets = [(member.provider, member.model) for stage in listed for member in stage.members]
    return Route(name, listed, alias.prefer_protocol, len(set(targets)) < len(targets))


def _once(candidates: Iterator[Candidate]) -> tuple[Candidate, ...]:
    kept: dict[tuple[str, str], Candidate] = {}
    for candidate in candidates:
        kept.setdefault((candidate.provider, candidate.model), candidate)
    return tuple(kept.values())
