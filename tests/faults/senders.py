"""Who sends events to a Tieout on SQLite, and keeps books of what was taken over."""

import json
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final

import httpx

from control_plane.api.client import ApiClient
from control_plane.proof.claims import statements
from control_plane.proof.stage import TieoutProcess
from tests.connectors.events.papers import report
from tests.journeys.playing import wait_until

STRUCTURED: Final = {"content-type": "application/cloudevents+json"}
PATIENCE: Final = 30.0
_CONFIGURATION: Final = """
[database]
url = "sqlite:///{database}"
pool_size = 4
[ui]
is_mounted = false
[api]
port = 0
[connections.travel]
provider = "events"
"""


@contextmanager
def taking_events(folder: Path, *, under: Sequence[str] = (), database: Path | None = None) -> Iterator[TieoutProcess]:
    """Give a running Tieout to which a travel system sends its events; its database may stand elsewhere."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tieout.toml").write_text(_CONFIGURATION.format(database=database or folder / "tieout.db"))
    tieout = TieoutProcess(folder, under=under)
    try:
        tieout.begin()
        yield tieout
    finally:
        tieout.end()


def damages_of(file: Path) -> int:
    """Return in how many ways a SQLite file is damaged."""
    with closing(sqlite3.connect(file)) as database:
        return sum(row != ("ok",) for row in database.execute("PRAGMA integrity_check").fetchall())


@contextmanager
def sending(tieout: TieoutProcess) -> Iterator["Sender"]:
    """Give a travel system that sends to this Tieout."""
    sender = Sender(tieout)
    try:
        yield sender
    finally:
        sender.close()


@dataclass(slots=True)
class Sender:
    """A travel system; what it was told counts, and what it was not told it sends again."""

    tieout: TieoutProcess
    taken: dict[str, str] = field(default_factory=dict)
    """The transaction of every document that was answered with 202."""
    unanswered: set[str] = field(default_factory=set)
    refused: Counter[int] = field(default_factory=Counter)
    _http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=PATIENCE, trust_env=False, verify=False))

    def send(self, name: str, *, padding: int = 0) -> httpx.Response | None:
        """Send a document and note the answer; None: there was none."""
        body = json.dumps(_event(name, padding))
        headers = {**STRUCTURED, "authorization": f"Bearer {self.tieout.key}"}
        try:
            answer = self._http.post(f"{self.tieout.address}/v1/events", content=body, headers=headers)
        except httpx.TransportError:
            self.unanswered.add(name)
            return None
        self._note(name, answer)
        return answer

    def send_again(self) -> int:
        """Send what had no answer, until all have one; return how many were ours already."""
        waiting, self.unanswered = self.unanswered, set()
        answers = [self.send(name) for name in sorted(waiting)]
        taken = [one for one in answers if one is not None and one.status_code == HTTPStatus.ACCEPTED]
        return sum(answer.json()["items"][0]["duplicate"] for answer in taken)

    def missing_and_doubled(self, client: ApiClient) -> tuple[int, int]:
        """Return how many of the documents taken over are not there in the end, and how many stand there twice.

        What was kept is acted on after its answer: a short while it may be missing.
        """
        until = time.monotonic() + PATIENCE
        found = _documents(client)
        while self.taken.keys() - found.keys() and time.monotonic() < until:
            time.sleep(0.1)
            found = _documents(client)
        return len(self.taken.keys() - found.keys()), sum(count > 1 for count in found.values())

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    @contextmanager
    def storm(self, begin: int, writers: int = 4) -> Iterator[None]:
        """Send documents from several threads at once while the block lasts; the first one is taken when it begins."""
        stop, before = Event(), len(self.taken)
        threads = [Thread(target=self._send_on, args=(f"{begin}-{number}", stop)) for number in range(writers)]
        for thread in threads:
            thread.start()
        wait_until(lambda: len(self.taken) > before, seconds=PATIENCE, what="the first answer")
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join(PATIENCE)

    def _send_on(self, name: str, stop: Event) -> None:
        for number in range(10_000):
            if stop.is_set() or self.send(f"TR-{name}-{number}") is None:
                return

    def _note(self, name: str, answer: httpx.Response) -> None:
        if answer.status_code != HTTPStatus.ACCEPTED:
            self.refused[answer.status_code] += 1
            return
        number = answer.json()["items"][0]["transaction_id"]
        assert self.taken.setdefault(name, number) == number, "another answer to the same event"


def _documents(client: ApiClient) -> Counter[str]:
    return Counter(one.document_id for one in statements(client))


def _event(name: str, padding: int) -> dict[str, Any]:
    data = report(document_number=name, padding="x" * padding)
    return {
        "specversion": "1.0",
        "id": name,
        "source": "travel",
        "type": "expense_report.approved.v1",
        "subject": name,
        "time": "2026-10-15T08:30:00Z",
        "data": data,
    }
