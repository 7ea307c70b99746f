"""Where our own time goes: a profile of the event loop and of the store's thread."""

import cProfile
import io
import pstats
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from control_plane.runtime import Runtime

LOOP: Final = ".loop"
STORE: Final = ".store"


@asynccontextmanager
async def profiled(runtime: Runtime, file: str) -> AsyncIterator[None]:
    """Profile both threads of an embedded worker into `file.loop` and `file.store`; without a file do nothing."""
    if not file:
        yield
        return
    loop, store = cProfile.Profile(time.thread_time), cProfile.Profile(time.thread_time)  # waiting costs nothing
    await runtime.in_store(store.enable)
    loop.enable()
    try:
        yield
    finally:
        loop.disable()
        await runtime.in_store(store.disable)
        loop.dump_stats(file + LOOP)
        store.dump_stats(file + STORE)


def table(file: str, top: int) -> str:
    """Return the functions of a profile that take longest themselves, then those that take longest with all below."""
    written = io.StringIO()
    stats = pstats.Stats(file, stream=written).strip_dirs()
    stats.sort_stats(pstats.SortKey.TIME).print_stats(top)
    stats.sort_stats(pstats.SortKey.CUMULATIVE).print_stats(2 * top)
    return written.getvalue()
