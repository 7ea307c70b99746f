"""A Tieout on SQLite that aborts when it reads a marked event: `python -m tests.faults.mortal URL MARKER [COUNT]`.

With a count it takes so many events first, the second of them marked.
"""

import asyncio
import os
import sys

from connectors.contract import Envelope, Translation
from connectors.events.connector import EventsSource
from control_plane.bootstrap.assembly import assembled
from control_plane.bootstrap.process import started
from control_plane.engine.keep import keep
from control_plane.engine.parts import Parts
from control_plane.engine.receive import Feed
from control_plane.engine.worker import settle_down
from control_plane.settings import Settings
from control_plane.settings.sections import ConnectionSection, DatabaseSection
from tests.connectors.events.papers import event, report

_CONNECTION = "travel"


async def main(url: str, marker: str, count: int) -> None:
    """Take the events, and do everything that can be done: as long as it lasts."""
    translate = EventsSource.translate

    def mortal(source: EventsSource, envelope: Envelope) -> Translation:
        if marker.encode() in envelope.payload:
            os.abort()
        return translate(source, envelope)

    setattr(EventsSource, "translate", mortal)  # noqa: B010  (what a library does to its process)
    settings = Settings(
        database=DatabaseSection(url=url), connections={_CONNECTION: ConnectionSection(provider="events")}
    )
    async with started(settings, "embedded") as process, assembled(process) as parts:
        await _send(parts, marker, count)
        await settle_down(parts)


async def _send(parts: Parts, marker: str, count: int) -> None:
    names = [marker if number == 1 else f"TR-{number}" for number in range(count)]
    envelopes = [event(report(document_number=name), subject=name, id_=f"{name}-1") for name in names]
    await parts.write(lambda unit: keep(unit, Feed(_CONNECTION, "events", EventsSource(_CONNECTION)), envelopes))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 0))
