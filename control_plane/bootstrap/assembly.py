"""The engine's parts put together from the settings: connections, flows with their policy, schedules."""

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any, Final

import jsonschema_rs

from connectors import registry
from connectors.connection import UnusableConnectionError, not_known
from connectors.contract import Connector
from connectors.http import UnusableUrlError
from connectors.limits import Limits
from control_plane.bootstrap.process import Process
from control_plane.domain.endpoint import UnsafeEndpointError
from control_plane.domain.pacing import CloseWeek
from control_plane.engine.care import Care
from control_plane.engine.parts import EngineSettings, Parts
from control_plane.engine.publish import Publisher, Webhook
from control_plane.flows import FLOWS
from control_plane.flows.flow import Flow
from control_plane.settings import ConfigurationError, Settings
from control_plane.store import connections, pacing, runs
from control_plane.store.connections import Configured
from control_plane.store.runs import Schedule
from control_plane.store.tables import UNRESOLVED
from control_plane.store.troubles import persistent
from control_plane.telemetry.redaction import keep_secret

_SIGNING_SECRET: Final = re.compile(r"whsec_[A-Za-z0-9+/]{32,86}={0,2}")


@asynccontextmanager
async def assembled(process: Process) -> AsyncIterator[Parts]:
    """Give the engine's parts; connections and schedules are on record before.

    Raises:
        ConfigurationError: a connection, a stream, a flow or a policy value is not known.
    """
    flows = flows_of(process.settings)
    async with _connected(process.settings) as connectors:
        configured = list(_configured(process.settings))
        schedules = list(schedules_of(process.settings, connectors))
        limits = [(name, connector.limits) for name, connector in connectors.items()]
        await process.runtime.in_store(_register, process, configured, schedules, limits)
        yield Parts(
            runtime=process.runtime,
            database=process.database,
            connectors=connectors,
            flows=flows,
            settings=EngineSettings(
                **dict(process.settings.engine), close_week=CloseWeek(**dict(process.settings.close))
            ),
            incarnation=process.incarnation,
            calendars={entity: section.calendar() for entity, section in process.settings.calendars.items()},
            care=Care(process.is_after_loss),
        )


def publisher_of(settings: Settings, screen_url: str) -> Publisher:
    """Return what tells alerts to the configured webhooks.

    Raises:
        ConfigurationError: an address leads inside, or a secret is missing or none.
    """
    hooks = [Webhook(one.name, one.url, settings.secret(one.secret), one.allows_loopback) for one in settings.webhooks]
    keep_secret([hook.secret for hook in hooks])
    for hook in hooks:
        if not _SIGNING_SECRET.fullmatch(hook.secret):
            raise ConfigurationError(f"webhooks.{hook.name}.secret: it is not whsec_ and the base64 of 24 to 64 bytes")
        try:
            _ = hook.endpoint
        except UnsafeEndpointError as error:
            raise ConfigurationError(f"webhooks.{hook.name}.url: {error}") from error
    return Publisher(hooks, screen_url=screen_url)


def flows_of(settings: Settings) -> dict[str, Flow]:
    """Return the flows with the policy values that the configuration overrides.

    Raises:
        ConfigurationError: a flow or a key is not known, or a value does not have its shape.
    """
    flows = {flow.name: flow for flow in FLOWS}
    complaints = [complaint for name in settings.flows for complaint in _complaints(name, settings.flows[name], flows)]
    if complaints:
        raise ConfigurationError(*complaints)
    return {name: _with_values(flow, settings.flows.get(name, {})) for name, flow in flows.items()}


def schedules_of(settings: Settings, connectors: Mapping[str, Connector]) -> Iterator[Schedule]:
    """Yield a schedule for every stream of every connection.

    Raises:
        ConfigurationError: a pace is set for a stream that the connection does not have.
    """
    for name, section in settings.connections.items():
        source = connectors[name].source
        streams = source.streams if source else ()
        for stream in section.streams:
            if stream not in streams:
                raise ConfigurationError(f"connections.{name}.streams: {not_known('the stream', stream, streams)}")
        for stream in streams:
            yield Schedule(name, stream, section.streams.get(stream, section.every))


@asynccontextmanager
async def _connected(settings: Settings) -> AsyncIterator[dict[str, Connector]]:
    async with AsyncExitStack() as stack:
        connectors: dict[str, Connector] = {}
        for name in settings.connections:
            given = settings.connection(name)
            keep_secret(given.secrets)
            try:
                connector = await stack.enter_async_context(registry.opened(given))
            except UnusableConnectionError as error:
                raise ConfigurationError(f"connections.{name}: {error}") from error
            except UnusableUrlError as error:
                raise ConfigurationError(f"connections.{name}.url: {error}") from error
            connectors[name] = replace(connector, limits=_limits(settings, name, connector.limits))
        yield connectors


def _limits(settings: Settings, name: str, declared: Limits) -> Limits:
    section = settings.connections[name]
    return declared if section.calls_per_second is None else Limits(section.calls_per_second, section.burst)


def _configured(settings: Settings) -> Iterator[Configured]:
    for name, section in settings.connections.items():
        yield Configured(name, section.provider, section.legal_entity or UNRESOLVED)


@persistent
def _register(
    process: Process, configured: list[Configured], schedules: list[Schedule], limits: list[tuple[str, Limits]]
) -> None:
    with process.database.write() as session:
        connections.register(session, configured)
        pacing.declare(session, limits)
        runs.set_schedules(session, schedules)


def _complaints(name: str, values: Mapping[str, Any], flows: Mapping[str, Flow]) -> Iterator[str]:  # JSON values
    if name not in flows:
        yield f"flows: {not_known('the flow', name, flows)}"
        return
    schemas = flows[name].policy.schemas
    for key, value in values.items():
        if key not in schemas:
            yield f"flows.{name}: {not_known('the key', key, schemas)}"
        else:
            for problem in jsonschema_rs.validator_for(dict(schemas[key])).iter_errors(value):
                path = ".".join(map(str, ("flows", name, key, *problem.instance_path)))
                yield f"{path}: {problem.message}"


def _with_values(flow: Flow, values: Mapping[str, Any]) -> Flow:  # JSON values
    return replace(flow, policy=replace(flow.policy, values={**flow.policy.values, **values}))
