"""Tieout's own API in a process of its own, with a key for those who send events."""

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from bench.processes import end_with_parent, given_order, running, tell
from bench.work import SOURCE
from control_plane.api.client import ApiClient
from control_plane.bootstrap import shapes
from control_plane.bootstrap.serving import listening
from control_plane.bootstrap.shapes import Ready
from control_plane.settings import Settings
from control_plane.settings.sections import ConnectionSection, DatabaseSection, SecretsSection

_READY_WITHIN: Final = 60.0


@dataclass(frozen=True, slots=True)
class RunningApi:
    """Where it listens, and how one gets in."""

    url: str
    key: str


@contextmanager
def running_api(database_url: str) -> Iterator[RunningApi]:
    """Give an API that serves a database."""
    with running("bench.api", {"database_url": database_url}) as child:
        ready = child.heard(_READY_WITHIN)
        with ApiClient(ready["address"]) as client:
            key = client.sign_in(ready["sign_in_url"].rpartition("=")[2]).key
        yield RunningApi(ready["address"], key)


def _say(ready: Ready) -> None:
    tell({"address": ready.address, "sign_in_url": ready.sign_in_url})
    end_with_parent()


async def main() -> None:
    """Serve as `tieout api` does."""
    settings = Settings(
        database=DatabaseSection(url=given_order()["database_url"]),
        secrets=SecretsSection(master=secrets.token_hex(32)),
        connections={SOURCE: ConnectionSection(provider="events")},
    )
    await shapes.api(settings, listening("127.0.0.1", 0), _say)


if __name__ == "__main__":
    asyncio.run(main())
