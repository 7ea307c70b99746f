"""Group commit: what arrives while one commit is under way shares the next one."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from connectors.contract import Envelope
from control_plane.api.services import Intake, Taken
from control_plane.store.troubles import DatabaseTroubleError

LARGEST_COMMIT = 500
"""Envelopes that share one commit."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    envelopes: Sequence[Envelope]
    answer: "asyncio.Future[Sequence[Taken]]"


class GroupedIntake:
    """An intake that takes over the envelopes of several requests at once; each gets its own answer."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._waiting: list[_Waiting] = []
        self._work: asyncio.Task[None] | None = None

    async def __call__(self, envelopes: Sequence[Envelope]) -> Sequence[Taken]:
        """Return after the durable commit, one answer per envelope, in order."""
        waiting = _Waiting(envelopes, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._commit_all(), name="intake")
        return await asyncio.shield(waiting.answer)

    async def _commit_all(self) -> None:
        while self._waiting:
            group = self._next_group()
            try:
                await self._commit(group)
            except DatabaseTroubleError as trouble:
                _refuse(group, trouble)
            except Exception:  # noqa: BLE001  (one request's fault must not become its neighbors')
                await self._commit_apart(group)

    def _next_group(self) -> list[_Waiting]:
        group = [self._waiting.pop(0)]
        size = len(group[0].envelopes)
        while self._waiting and size + len(self._waiting[0].envelopes) <= LARGEST_COMMIT:
            group.append(self._waiting.pop(0))
            size += len(group[-1].envelopes)
        return group

    async def _commit(self, group: Sequence[_Waiting]) -> None:
        taken = list(await self._intake([envelope for one in group for envelope in one.envelopes]))
        for one in group:
            own, taken = taken[: len(one.envelopes)], taken[len(one.envelopes) :]
            if not one.answer.done():
                one.answer.set_result(own)

    async def _commit_apart(self, group: Sequence[_Waiting]) -> None:
        for one in group:
            try:
                await self._commit([one])
            except Exception as error:  # noqa: BLE001  (handed to the request that caused it)
                _refuse([one], error)


def _refuse(group: Sequence[_Waiting], error: Exception) -> None:
    for one in group:
        if not one.answer.done():
            one.answer.set_exception(error)
