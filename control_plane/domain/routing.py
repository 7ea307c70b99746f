"""To which team an exception goes: rules over what is known of it, the first one that matches wins."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import Any, Final  # rules are JSON

from connectors.failures import Owner
from control_plane.domain.calendar import Calendar
from control_plane.domain.governed import Problem
from control_plane.domain.rule import first_match
from control_plane.domain.working_hours import HOURS_KEYS, calendar_of, deadline

KEY: Final = "exception_routing"
"""Under which it is governed, for the whole group."""
FIELDS: Final = ("legal_entity", "counterparty", "code", "flow", "kind", "connection")
"""What a rule may ask for, the most specific first: list rules in this order."""
MOST_RULES: Final = 500
_TEAM_KEYS: Final = HOURS_KEYS | {"members"}


@dataclass(frozen=True, slots=True)
class Team:
    """People who own exceptions together."""

    calendar: Calendar | None = None
    """When they work; None: always."""
    members: frozenset[str] = frozenset()
    """Their logins; empty: everybody who may claim."""


@dataclass(frozen=True, slots=True)
class Routed:
    """Where an exception goes, and by which rule; without one the catalog's owner has it."""

    team: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Routing:
    """One version of the rules, with the teams that they name."""

    version: int = 0
    rules: Sequence[Mapping[str, Any]] = ()
    hours: Mapping[str, Team] = field(default_factory=dict)
    """The teams that have hours or members of their own."""

    @property
    def teams(self) -> frozenset[str]:
        """Return the names of all teams: the shipped owners and those that are set up here."""
        return frozenset({owner.value for owner in Owner} | set(self.hours))

    def routed(self, facts: Mapping[str, str]) -> Routed:
        """Return where an exception with these facts goes."""
        found = first_match(self.rules, facts)
        if found is None:
            return Routed()
        return Routed(found[1]["team"], f"rule {found[0]} of version {self.version}")

    def teams_of(self, login: str) -> frozenset[str]:
        """Return the teams to which somebody belongs: all that do not name their members, and those that name them."""
        return frozenset(team for team in self.teams if login in (self._team(team).members or {login}))

    def deadline(self, team: str, now: datetime, within: timedelta) -> datetime:
        """Return when so much of the team's working time has passed."""
        return deadline(self._team(team).calendar, now, within)

    def _team(self, name: str) -> Team:
        return self.hours.get(name, Team())


def routing_of(value: Mapping[str, Any], version: int) -> Routing:
    """Return the routing that a governed value means; it has been checked by `problems_of` before."""
    hours = {name: _team_of(given) for name, given in value.get("teams", {}).items()}
    return Routing(version, tuple(value.get("rules", ())), hours)


def problems_of(value: Mapping[str, Any]) -> list[Problem]:
    """Return everything that is wrong with a proposed routing, each where it stands."""
    found = [Problem(f"/{name}", f"There is no {name}.") for name in value if name not in {"rules", "teams"}]
    teams = value.get("teams", {})
    rules = value.get("rules", [])
    if not isinstance(teams, Mapping) or not isinstance(rules, list):
        return [*found, Problem("", "A routing has a list of `rules` and a table of `teams`.")]
    if len(rules) > MOST_RULES:
        return [*found, Problem("/rules", f"More than {MOST_RULES} rules are too many to understand.")]
    names = {owner.value for owner in Owner} | set(teams)
    found += [one for name, team in teams.items() for one in _team_problems(name, team)]
    found += [one for place, rule in enumerate(rules) for one in _rule_problems(f"/rules/{place}", rule, names)]
    return found or list(_unreachable(rules))


def _team_of(given: Mapping[str, Any]) -> Team:
    hours = {name: given[name] for name in HOURS_KEYS if name in given}
    return Team(calendar_of(hours) if hours else None, frozenset(given.get("members", ())))


def _team_problems(name: str, given: Any) -> Iterator[Problem]:  # what somebody proposed
    pointer = f"/teams/{name}"
    if not isinstance(given, Mapping):
        yield Problem(pointer, "A team is a table of its hours and members.")
        return
    yield from (Problem(f"{pointer}/{key}", _unknown(key, _TEAM_KEYS)) for key in given if key not in _TEAM_KEYS)
    if not _is_texts(given.get("members", [])):
        yield Problem(f"{pointer}/members", "Members are a list of logins.")
        return
    try:
        _team_of(given)
    except ValueError as error:
        yield Problem(pointer, f"Its hours cannot be read: {error}.")


def _rule_problems(pointer: str, rule: Any, teams: set[str]) -> Iterator[Problem]:  # what somebody proposed
    if not isinstance(rule, Mapping) or set(rule) - {"when", "then"} or not isinstance(rule.get("when", {}), Mapping):
        yield Problem(pointer, 'A rule is `{"when": {field: condition}, "then": {"team": name}}`.')
        return
    for name, condition in rule.get("when", {}).items():
        if name not in FIELDS:
            yield Problem(f"{pointer}/when/{name}", _unknown(name, FIELDS))
        elif not _is_condition(condition):
            yield Problem(f"{pointer}/when/{name}", 'A condition is a text, a list of texts or `{"prefix": text}`.')
    then = rule.get("then")
    if not isinstance(then, Mapping) or set(then) != {"team"} or then["team"] not in teams:
        yield Problem(f"{pointer}/then", "A rule sends to one team that is shipped or set up here.")


def _is_condition(condition: Any) -> bool:  # what somebody proposed
    if isinstance(condition, Mapping):
        return set(condition) == {"prefix"} and isinstance(condition["prefix"], str)
    return isinstance(condition, str) or (_is_texts(condition) and bool(condition))


def _is_texts(value: Any) -> bool:  # what somebody proposed
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _unknown(name: str, known: Sequence[str] | frozenset[str]) -> str:
    near = get_close_matches(name, sorted(known), n=1)
    return f"There is no {name}{f'; did you mean {near[0]}' if near else ''}."


def _unreachable(rules: Sequence[Mapping[str, Any]]) -> Iterator[Problem]:
    """Name the rules that can never match, because an earlier one takes everything that they ask for."""
    for place, rule in enumerate(rules):
        earlier = next((before for before in range(place) if _takes_all(rules[before], rule)), None)
        if earlier is not None:
            sentence = f"It can never match: rule {earlier + 1} takes everything that it asks for."
            yield Problem(f"/rules/{place}", sentence, is_fatal=False)


def _takes_all(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> bool:
    asked = later.get("when", {})
    return all(name in asked and _covers(condition, asked[name]) for name, condition in earlier.get("when", {}).items())


def _covers(wide: Any, narrow: Any) -> bool:  # two conditions
    if isinstance(narrow, Mapping):
        return isinstance(wide, Mapping) and narrow["prefix"].startswith(wide["prefix"])
    values = [narrow] if isinstance(narrow, str) else narrow
    return all(_holds(wide, value) for value in values)


def _holds(condition: Any, value: str) -> bool:  # as in `rule`
    return first_match([{"when": {"it": condition}, "then": {}}], {"it": value}) is not None
