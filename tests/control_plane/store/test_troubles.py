"""Units of work that give way to others run again, a few times; all other troubles are told at once."""

import pytest

from control_plane.store.troubles import TRIES, DatabaseAwayError, DatabaseConflictError, persistent


class Work:
    """Fails so many times before it succeeds."""

    def __init__(self, failures: int, trouble: type[Exception] = DatabaseConflictError) -> None:
        self.failures, self.trouble, self.tries = failures, trouble, 0

    def __call__(self, answer: str) -> str:
        self.tries += 1
        if self.tries <= self.failures:
            raise self.trouble("another one came first")
        return answer


def test_what_gave_way_runs_again_from_its_beginning() -> None:
    work = Work(failures=TRIES - 1)
    assert persistent(work)("done") == "done"


def test_what_always_gives_way_is_told_in_the_end() -> None:
    work = Work(failures=TRIES)
    with pytest.raises(DatabaseConflictError):
        persistent(work)("done")
    assert work.tries == TRIES


def test_no_other_trouble_is_tried_again() -> None:
    work = Work(failures=1, trouble=DatabaseAwayError)
    with pytest.raises(DatabaseAwayError):
        persistent(work)("done")
    assert work.tries == 1
