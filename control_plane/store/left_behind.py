"""What processes that are gone still held: free for others at once."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from control_plane.store import queue, runs


def free(session: Session, gone: Sequence[int], *, now: datetime) -> None:
    """Let others pull and ask at once what processes that are gone were pulling, or were about to ask."""
    runs.give_up_leases(session, gone, now=now)
    queue.give_up_questions(session, gone, now=now)
