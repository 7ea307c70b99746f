"""Taking turns: who writes next, in the order in which they came."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Lock

from control_plane.store.troubles import DatabaseAwayError


class Turns:
    """A lock that is handed over to whoever waits longest: a busy writer never keeps the others out."""

    def __init__(self, patience: timedelta) -> None:
        self._patience = patience
        self._guard = Lock()
        self._is_taken = False
        self._waiting: deque[Lock] = deque()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn and keep it until the end of the block.

        Raises:
            DatabaseAwayError: it does not come in time.
        """
        self._take()
        try:
            yield
        finally:
            self._hand_over()

    def _take(self) -> None:
        mine = Lock()
        with self._guard:
            if not self._is_taken:
                self._is_taken = True
                return
            mine.acquire()  # released by the one before: then the turn is ours
            self._waiting.append(mine)
        if not mine.acquire(timeout=self._patience.total_seconds()):
            self._give_up(mine)

    def _give_up(self, mine: Lock) -> None:
        with self._guard:
            if mine in self._waiting:  # else it was handed to us in the last moment
                self._waiting.remove(mine)
                raise DatabaseAwayError("The database does not answer in time: too many want to write")

    def _hand_over(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_taken = False
