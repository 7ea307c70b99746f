"""How a cause is cured: what was done, how often it held, how long it took, and when the cause came back."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Final

BY_ITSELF: Final = "by_itself"
"""What was missing arrived; nobody had to act on the exception."""
COMES_BACK_WITHIN: Final = timedelta(days=7)
"""A cause that stands again so soon after its last exception was resolved was not cured."""


@dataclass(frozen=True, slots=True)
class Treated:
    """One exception of the cause: how long it stood, what was done last, how often that was in vain."""

    opened_at: datetime
    resolved_at: datetime | None
    failed_count: int = 0
    act: str = BY_ITSELF


@dataclass(frozen=True, slots=True)
class Cure:
    """What one kind of act did for the cause: released so many of so many tries, in the median within a time."""

    act: str
    released_count: int
    tried_count: int
    median: timedelta | None


@dataclass(frozen=True, slots=True)
class Episode:
    """A time in which the cause stood, from its first exception until none was left."""

    began_at: datetime
    ended_at: datetime | None
    exception_count: int
    act: str
    """What ended it."""


def cures(treated: Iterable[Treated]) -> list[Cure]:
    """Return what was tried, the act first that released most."""
    by_act: dict[str, list[Treated]] = defaultdict(list)
    for one in treated:
        if one.resolved_at is not None or one.failed_count:
            by_act[one.act].append(one)
    return sorted((_cure(act, every) for act, every in by_act.items()), key=_weight, reverse=True)


def episodes(treated: Iterable[Treated]) -> list[Episode]:
    """Return the times in which the cause stood, oldest first."""
    found: list[Episode] = []
    for one in sorted(treated, key=lambda one: one.opened_at):
        if found and _reaches(found[-1], one.opened_at):
            found[-1] = _together(found[-1], one)
        else:
            found.append(Episode(one.opened_at, one.resolved_at, 1, one.act))
    return found


def regressions(found: Sequence[Episode]) -> list[Episode]:
    """Return the episodes whose cure did not hold: the cause stood again soon after."""
    return [before for before, after in pairwise(found) if is_back(before.ended_at, after.began_at)]


def is_back(resolved_at: datetime | None, opened_at: datetime) -> bool:
    """Return whether what was resolved then has come back with what was opened now."""
    return resolved_at is not None and resolved_at < opened_at <= resolved_at + COMES_BACK_WITHIN


def _cure(act: str, every: Sequence[Treated]) -> Cure:
    took = [(one.resolved_at - one.opened_at).total_seconds() for one in every if one.resolved_at is not None]
    tried = len(took) + sum(one.failed_count for one in every)
    return Cure(act, len(took), tried, timedelta(seconds=median(took)) if took else None)


def _weight(cure: Cure) -> tuple[int, int, str]:
    return cure.released_count, -cure.tried_count, cure.act


def _reaches(episode: Episode, moment: datetime) -> bool:
    return episode.ended_at is None or episode.ended_at >= moment


def _together(episode: Episode, one: Treated) -> Episode:
    is_open = episode.ended_at is None or one.resolved_at is None
    is_last = not is_open and one.resolved_at is not None and one.resolved_at >= (episode.ended_at or one.resolved_at)
    return replace(
        episode,
        ended_at=None if is_open else max(filter(None, (episode.ended_at, one.resolved_at))),
        exception_count=episode.exception_count + 1,
        act=one.act if is_last else episode.act,
    )
