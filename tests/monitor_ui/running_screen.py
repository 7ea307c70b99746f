"""The screen in a process of its own, as `tieout ui` serves it; says its address once it listens."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from control_plane.bootstrap.screen import screen
from control_plane.bootstrap.serving import address_of, listening, serve

ENDS_WITHIN = 10


@contextmanager
def running_screen(api_url: str) -> Iterator[str]:
    """Give the address of a screen that speaks with this API."""
    command = [sys.executable, "-m", "tests.monitor_ui.running_screen", api_url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()
            process.wait(ENDS_WITHIN)


async def main(api_url: str) -> None:
    """Serve until the process is ended."""
    wire = listening("127.0.0.1", 0)
    async with screen(api_url) as app:
        sys.stdout.write(f"{address_of(wire)}\n")
        sys.stdout.flush()
        await serve(app, wire, asyncio.Event())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
