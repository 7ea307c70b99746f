"""An event loop without time and sockets: it runs what is ready, in order, and stops when nothing is."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import Context, ContextVar, copy_context
from typing import Any, Final, TypeVar

T = TypeVar("T")

OWNER: Final[ContextVar[set["asyncio.Task[Any]"]]] = ContextVar("owner")
"""The tasks of the process that runs now: what it starts is its own, and ends with it."""


class Loop(asyncio.AbstractEventLoop):
    """Runs callbacks in the order in which they became ready, as every loop does; all else waits outside of it."""

    def __init__(self) -> None:
        self._ready: deque[tuple[asyncio.Handle, Callable[[], object]]] = deque()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Be the running loop of this thread."""
        before = asyncio._get_running_loop()  # noqa: SLF001  # asyncio's names for those who make loops
        asyncio._set_running_loop(self)  # noqa: SLF001  # see above
        try:
            yield
        finally:
            asyncio._set_running_loop(before)  # noqa: SLF001  # see above

    def run(self) -> None:
        """Run everything that is ready, and what becomes ready by that."""
        while self._ready:
            handle, run = self._ready.popleft()
            if not handle.cancelled():
                run()

    def call_soon(
        self, callback: Callable[..., object], *args: object, context: Context | None = None
    ) -> asyncio.Handle:
        """Let a callback be ready."""
        there = context or copy_context()
        handle = asyncio.Handle(callback, args, self, there)
        self._ready.append((handle, lambda: there.run(callback, *args)))
        return handle

    def create_future(self) -> "asyncio.Future[Any]":
        """Return a future of this loop."""
        return asyncio.Future(loop=self)

    def create_task(  # type: ignore[override]  # only coroutines are tasks here
        self, coro: Coroutine[Any, Any, T], *, name: str | None = None, context: Context | None = None
    ) -> "asyncio.Task[T]":
        """Return a task; it belongs to the process that started it."""
        task = asyncio.Task(coro, loop=self, name=name, context=context)
        owner = OWNER.get()
        owner.add(task)
        task.add_done_callback(owner.discard)
        return task

    def get_debug(self) -> bool:
        """Return whether the loop watches itself; never: a history is watched by its books."""
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Pass over what a task that nobody awaits has raised: the pass that it belonged to is gone."""
