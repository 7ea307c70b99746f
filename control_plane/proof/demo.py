"""The demo: documents stream from an expense platform into an ERP, and the books are proved to agree."""

import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from control_plane.api.client import ApiClient
from control_plane.proof.arrival import LOOK_EVERY, Arrival, settle
from control_plane.proof.books import approved_of
from control_plane.proof.claims import ledger_figures, statements
from control_plane.proof.feeds import Feed, LogFeed, SampleFeed
from control_plane.proof.replay import APART, Replay
from control_plane.proof.shown import differences_table, ledger_table, sentence_of
from control_plane.proof.stage import Stage, Wishes, staged
from control_plane.proof.timeline import Step, spread, timeline
from control_plane.proof.verify import LedgerFigures, Proof, verify
from control_plane.proof.xes import read_traces

TRICKLE_EVERY: Final = 2.0
TRIES: Final = 5
"""How often the books are compared anew: they are read one after the other while work goes on."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a person may choose about the demo."""

    folder: Path
    is_once: bool = False
    is_tryton: bool = False
    replay: Path | None = None
    speed: float | None = None
    port: int = 0
    has_screen: bool = True


def run(options: Options, console: Console) -> bool:
    """Play the demo and return whether the ledger balances against the ERP's own books.

    Raises:
        UnreadableLogError: the log to replay is none.
        OutsideError: something on the stage did not start or does not answer.
    """
    steps = timeline(read_traces(options.replay)) if options.replay else None
    wishes = Wishes(options.folder, options.is_tryton, options.port, options.has_screen, say=console.print)
    if options.is_tryton:
        console.print("The first start installs a real Tryton beside this one: two or three minutes, once.")
    with ExitStack() as stack:
        with console.status("Starting the expense platform, the ERP and Tieout"):
            stage = stack.enter_context(staged(wishes))
        show = Show(stage, stack.enter_context(stage.client()), console)
        console.print(f"The screen: {stage.tieout.sign_in_url}", markup=False)
        feed = _feed(options, stage, steps)
        holds = show.play(feed)
        if not options.is_once:
            show.go_on(feed)
    return holds


def _feed(options: Options, stage: Stage, steps: Sequence[Step] | None) -> Feed:
    if steps is None:
        return SampleFeed(stage, with_nothing=not options.is_tryton)
    told = [step for step in steps if step.claim.amount_minor or not options.is_tryton]
    paced = spread(told, apart=APART) if options.speed is None else told
    return LogFeed(stage, Replay(stage.platform, stage.erp, paced, options.speed))


@dataclass(frozen=True, slots=True)
class Show:
    """The stage, the way to ask Tieout, and the people who watch."""

    stage: Stage
    client: ApiClient
    console: Console

    def play(self, feed: Feed) -> bool:
        """Let everything of a feed happen, prove the books and return whether they agree."""
        self._learn()
        self._stream(feed)
        with self.console.status("Waiting until everything is through"):
            settle(self.client)
            for act in feed.epilogue():
                self.console.print(act)
                settle(self.client)
            proof, ledger = prove(self.stage, self.client)
        self.console.print(ledger_table(ledger))
        if not proof.holds:
            self.console.print(differences_table(proof))
        self.console.print(sentence_of(proof, ledger), style="green" if proof.holds else "red", soft_wrap=True)
        return proof.holds

    def go_on(self, feed: Feed) -> None:
        """Let new documents trickle in until Ctrl-C."""
        with suppress(KeyboardInterrupt), Live(console=self.console, refresh_per_second=1) as live:
            self.console.print("New documents keep coming. Ctrl-C ends the demo.")
            while True:
                feed.trickle()
                live.update(ledger_table(ledger_figures(self.client)))
                time.sleep(TRICKLE_EVERY)

    def _learn(self) -> None:
        """Wait until the ERP's lists are known: nothing is posted before."""
        with self._bars() as bars:
            bar = bars.add_task("lists read from the ERP")
            while not bars.finished:
                streams = self.client.connection("erp").streams
                read = sum(stream.read_at is not None for stream in streams)
                bars.update(bar, total=len(streams), completed=read)
                time.sleep(LOOK_EVERY)

    def _stream(self, feed: Feed) -> None:
        with self._bars() as bars:
            told = bars.add_task(feed.title, total=feed.total)
            through = bars.add_task("through Tieout", total=None)
            arrival = Arrival(at_least=feed.sure)
            while not (feed.is_over and arrival.is_over):
                if not feed.advance():
                    time.sleep(LOOK_EVERY)
                counts = arrival.look(self.client)
                bars.update(told, completed=feed.done)
                bars.update(through, total=feed.approved, completed=counts.settled)

    def _bars(self) -> Progress:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        return Progress(*columns, console=self.console)


def prove(stage: Stage, client: ApiClient) -> tuple[Proof, list[LedgerFigures]]:
    """Return the proof and the ledger that it is about, from books read while nothing moved."""
    for _ in range(TRIES - 1):
        proof, ledger = _prove_once(stage, client)
        if proof.holds:
            return proof, ledger
        settle(client)
    return _prove_once(stage, client)


def _prove_once(stage: Stage, client: ApiClient) -> tuple[Proof, list[LedgerFigures]]:
    said, ledger = list(statements(client)), ledger_figures(client)
    source = approved_of(stage.expense.get("/twin/books"))
    return verify(source, stage.erp.booked(), said, ledger), ledger
