"""The intake: what a source sends by itself is kept in one unit of work, then answered; or it comes again."""

from connectors.contract import Envelope
from control_plane.engine.keep import keep
from control_plane.engine.parts import Parts, Unit
from control_plane.engine.receive import Feed
from control_plane.proof.simulator import papers
from control_plane.proof.simulator.fates import Fate
from control_plane.proof.simulator.source import Source


async def take_in(parts: Parts, source: Source) -> int:
    """Keep what the source sends, and answer; return how many events that were."""
    fate, envelopes = source.line.draw("send"), tuple(source.to_send())
    if fate is Fate.LOST_BEFORE:
        return 0
    await parts.write(lambda unit: _keep(unit, source, envelopes))
    if fate is not Fate.LOST_AFTER:
        source.sent(envelopes)
    return len(envelopes)


def _keep(unit: Unit, source: Source, envelopes: tuple[Envelope, ...]) -> None:
    keep(unit, Feed(papers.SOURCE_SYSTEM, "events", source), envelopes)
