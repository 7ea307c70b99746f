"""Prints docs/events from the facts: `python -m connectors.events.pages docs/events`."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from connectors.canonical.events import EventType
from connectors.events.kinds import schema_of


def pages() -> Mapping[str, str]:
    """Return the schema of every event's data, by file name."""
    return {f"{event.value}.json": json.dumps(schema_of(event), indent=2) + "\n" for event in EventType}


def write(folder: Path) -> None:
    """Write the pages into a folder."""
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
