"""The shapes in which we run: everything in one process, or each part as a process of its own."""

import asyncio
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Final

from fastapi import FastAPI

from connectors.contract import Envelope
from connectors.registry import SENDERS
from control_plane import schedule
from control_plane.acts.ramp import Ramp
from control_plane.api.app import create_app
from control_plane.api.services import ApiSettings, Intake, Services, Taken
from control_plane.bootstrap.assembly import assembled, publisher_of
from control_plane.bootstrap.process import Process, all_until_stopped, signaled, started
from control_plane.bootstrap.serving import address_of, serve
from control_plane.bootstrap.sharing import shared_secrets, welcome
from control_plane.engine.keep import keep
from control_plane.engine.parts import Parts, Unit
from control_plane.engine.receive import Feed
from control_plane.engine.worker import PASSES, Pass, work
from control_plane.settings import Settings
from control_plane.store.incarnations import EMBEDDED

EVENTS: Final = "events"
"""The stream under which events that were sent to us stand."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A process that serves: where, and how one gets in."""

    address: str
    sign_in_url: str
    connections: Sequence[str]


Say = Callable[[Ready], None]
"""Is told once the process serves."""


async def up(settings: Settings, wire: socket.socket, say: Say) -> None:
    """Run API, screen, scheduler and worker in this process until it is told to stop."""
    async with started(settings, EMBEDDED) as process, assembled(process) as parts, AsyncExitStack() as stack:
        address = address_of(wire)
        app, ready = await _served(process, parts, address, address)
        if settings.ui.is_mounted:
            from control_plane.bootstrap.screen import screen  # noqa: PLC0415  (loads what only a screen needs)

            app.mount("/", await stack.enter_async_context(screen(address)))
        say(ready)
        await all_until_stopped(
            process,
            (
                serve(app, wire, process.stop),
                work(parts, process.stop, _passes(settings, address)),
                schedule.run(process.database, process.runtime, process.stop),
            ),
        )


async def api(settings: Settings, wire: socket.socket, say: Say) -> None:
    """Serve the API until told to stop."""
    async with started(settings, "api") as process, assembled(process) as parts:
        app, ready = await _served(process, parts, address_of(wire), _screen_url(settings))
        say(ready)
        await all_until_stopped(process, (serve(app, wire, process.stop),))


async def worker(settings: Settings) -> None:
    """Move work until told to stop."""
    async with started(settings, "worker") as process, assembled(process) as parts:
        passes = _passes(settings, _screen_url(settings))
        await all_until_stopped(process, (work(parts, process.stop, passes),))


async def scheduler(settings: Settings) -> None:
    """Plan sync runs until told to stop, or stand by while another scheduler leads."""
    async with started(settings, "scheduler") as process, assembled(process):
        running = schedule.run(process.database, process.runtime, process.stop)
        await all_until_stopped(process, (running,))


async def ui(settings: Settings, wire: socket.socket, say: Say) -> None:
    """Serve the screen until told to stop; it finds the API by the settings."""
    from control_plane.bootstrap.screen import screen  # noqa: PLC0415  (loads what only a screen needs)

    stop = asyncio.Event()
    with signaled(stop):
        async with screen(settings.api.address) as app:
            say(Ready(address_of(wire), address_of(wire), ()))
            await serve(app, wire, stop)


def _passes(settings: Settings, screen_url: str) -> tuple[Pass, ...]:
    return (*PASSES, Ramp(shared_secrets(settings).audit), publisher_of(settings, screen_url))


def _screen_url(settings: Settings) -> str:
    return settings.ui.url or f"http://{settings.ui.host}:{settings.ui.port}"


async def _served(process: Process, parts: Parts, address: str, screen_url: str) -> tuple[FastAPI, Ready]:
    services = Services(
        database=process.database,
        runtime=process.runtime,
        secrets=shared_secrets(process.settings),
        flows=parts.flows,
        intakes=_intakes(process.settings, parts),
        sources={name: one.source for name, one in parts.connectors.items() if one.source is not None},
        settings=ApiSettings(screen_url=screen_url),
    )
    code = await process.runtime.in_store(welcome, process, services.sign_in_codes)
    ready = Ready(address, f"{screen_url}/?code={code}", tuple(parts.connectors))
    return create_app(services), ready


def _intakes(settings: Settings, parts: Parts) -> Mapping[str, Intake]:
    """Return what takes the events that are sent to us, by the connection that their source names."""
    senders = [name for name, section in settings.connections.items() if section.provider in SENDERS]
    sources = {name: parts.connectors[name].source for name in senders}
    return {name: _intake(parts, Feed(name, EVENTS, source)) for name, source in sources.items() if source is not None}


def _intake(parts: Parts, feed: Feed) -> Intake:
    def take(envelopes: Sequence[Envelope], unit: Unit) -> list[Taken]:
        kept = keep(unit, feed, envelopes)
        keys = [(one.source, one.id) for one in envelopes]
        return [Taken(*key, is_repeated=key in kept.repeated, transaction_id=kept.transactions[key]) for key in keys]

    async def taken(envelopes: Sequence[Envelope]) -> Sequence[Taken]:
        return await parts.write(partial(take, envelopes))

    return taken
