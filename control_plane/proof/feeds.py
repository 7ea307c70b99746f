"""What makes documents come: the built-in set, one document after the other, or a log."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Final, Protocol

from connectors.twins.expense.sample_group import INACTIVE_PROJECT
from connectors.twins.expense.sample_set import sample_set, trickle
from control_plane.proof.replay import Replay
from control_plane.proof.stage import Stage
from control_plane.proof.timeline import Kind

_NOTHING: Final = "nothing_approved"
PER_STEP: Final = 40
"""Documents that an office approves while nobody looks."""


class Feed(Protocol):
    """A source of documents with a beginning and an end."""

    @property
    def title(self) -> str:
        """Return what is counted."""

    @property
    def total(self) -> int:
        """Return how much there is to do."""

    @property
    def done(self) -> int:
        """Return how much of it is done."""

    @property
    def approved(self) -> int:
        """Return how many documents were approved so far."""

    @property
    def sure(self) -> int:
        """Return how many documents reach Tieout in any case: others may be recalled before."""

    @property
    def is_over(self) -> bool:
        """Return whether everything is done."""

    def advance(self) -> int:
        """Do what can be done now and return how much it was."""

    def epilogue(self) -> Iterator[str]:
        """Do what comes after the last document, act by act, and say each in a sentence."""

    def trickle(self) -> None:
        """Approve a further document."""


class SampleFeed:
    """The built-in set; afterwards some documents are recalled, one project is reactivated, half is paid."""

    def __init__(self, stage: Stage, *, with_nothing: bool = True) -> None:
        """Take the stage; without nothing, documents of amount zero are left out: not every ERP books them."""
        today = datetime.now(UTC).date()
        self._stage = stage
        self._samples = [one for one in sample_set(today=today) if with_nothing or one.case != _NOTHING]
        self._further = Trickle(stage, today)
        self.title = "approved on the platform"
        self.done = 0

    @property
    def total(self) -> int:
        """Return how many documents there are."""
        return len(self._samples)

    @property
    def sure(self) -> int:
        """Return how many documents there are: none is recalled before the epilogue."""
        return self.total

    @property
    def approved(self) -> int:
        """Return how many documents were approved so far."""
        return self.done

    @property
    def is_over(self) -> bool:
        """Return whether everything is approved."""
        return self.done == self.total

    def advance(self) -> int:
        """Approve the next documents."""
        batch = self._samples[self.done : self.done + PER_STEP]
        self._stage.platform.submit([one.envelope for one in batch])
        self.done += len(batch)
        return len(batch)

    def epilogue(self) -> Iterator[str]:
        """Recall, reactivate, pay."""
        recalled = [one.id for one in self._samples if one.is_recalled]
        self._stage.platform.recall(recalled)
        yield f"The platform recalled {len(recalled)} reports after their posting."
        self._stage.erp.activate_project(INACTIVE_PROJECT)
        yield f"The ERP reactivated project {INACTIVE_PROJECT}: what it held back goes on by itself."
        yield f"The ERP paid {self._stage.erp.pay_half():,} postings."

    def trickle(self) -> None:
        """Approve a further document."""
        self._further.approve_next()


class LogFeed:
    """A log's claims."""

    def __init__(self, stage: Stage, replay: Replay) -> None:
        self._stage = stage
        self._replay = replay
        self._further = Trickle(stage, datetime.now(UTC).date())
        self.title = "happened in the log"

    @property
    def total(self) -> int:
        """Return how many things happened in the log."""
        return len(self._replay.steps)

    @property
    def sure(self) -> int:
        """Return how many claims are approved in the end."""
        last = {step.claim.id: step.kind for step in self._replay.steps if step.kind is not Kind.PAID}
        return sum(kind is Kind.APPROVED for kind in last.values())

    @property
    def done(self) -> int:
        """Return how many of them have happened."""
        return self._replay.done

    @property
    def approved(self) -> int:
        """Return how many versions were approved so far."""
        return self._replay.approved

    @property
    def is_over(self) -> bool:
        """Return whether everything has happened."""
        return self._replay.is_over

    def advance(self) -> int:
        """Let happen what is due."""
        return self._replay.advance()

    def epilogue(self) -> Iterator[str]:
        """Reactivate, pay what waited for that, and book the payments that have no posting."""
        self._stage.erp.activate_project(INACTIVE_PROJECT)
        yield f"The ERP reactivated project {INACTIVE_PROJECT}: what it held back goes on by itself."
        strays = self._replay.end()
        yield f"The ERP paid {self._replay.paid:,} postings; {strays:,} payments belong to none."

    def trickle(self) -> None:
        """Approve a further document, of people who do not exist."""
        self._further.approve_next()


class Trickle:
    """Further invented documents, one by one."""

    def __init__(self, stage: Stage, today: date) -> None:
        self._stage = stage
        self._samples = trickle(today=today)

    def approve_next(self) -> None:
        """Approve the next document."""
        self._stage.platform.submit([next(self._samples).envelope])
