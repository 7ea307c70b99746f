"""What a deployment may choose, section by section."""

import os
import re
from datetime import date, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from connectors.connection import ConnectionSettings
from control_plane.domain.calendar import Calendar

PREFIX: Final = "TIEOUT_"
REFERENCE: Final = re.compile(r"(secret|env):([A-Za-z0-9_.-]+)")
"""How a file names a secret: a file of the secrets directory, or a variable."""

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")


class ConfigurationError(Exception):
    """The configuration cannot be used; each sentence names a key and what is wrong with it."""

    def __init__(self, *sentences: str) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = sentences


def _seconds(value: object) -> timedelta:
    try:
        duration = value if isinstance(value, timedelta) else timedelta(seconds=float(str(value)))
    except (ValueError, OverflowError):
        duration = timedelta(0)
    if duration <= timedelta(0):
        raise ValueError("a duration is a number of seconds above zero")
    return duration


def _connection_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("a name is made of small letters, digits and _, and begins with a letter")
    return name


Seconds = Annotated[timedelta, BeforeValidator(_seconds)]
Port = Annotated[int, Field(ge=0, le=65535)]
ConnectionName = Annotated[str, AfterValidator(_connection_name)]
Values = dict[str, Any]  # JSON values of a flow's policy: the flow's own schemas judge them


class Section(BaseModel):
    """A part of the file; a key that it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DatabaseSection(Section):
    """Where everything is kept."""

    url: str = "sqlite:///.tieout/tieout.db"
    """`sqlite:///path` (relative to the working directory) or `postgresql+psycopg://user@host/name`."""
    password: str = Field(default="", repr=False)
    """For PostgreSQL; libpq's own ways (PGPASSWORD, a password file) work as well."""
    pool_size: int = Field(default=8, ge=1)
    statement_timeout: Seconds = timedelta(seconds=30)


class SecretsSection(Section):
    """Where `secret:NAME` is looked up, and the one secret of our own."""

    directory: Path = Path("secrets")
    """One file for each secret, named like it."""
    master: str = Field(default="", repr=False)
    """What the processes of one deployment share; on SQLite it is made at the first start."""


class ApiSection(Section):
    """Where the API listens, and where screen and command line find it."""

    host: str = "127.0.0.1"
    port: Port = 8000
    url: str = ""
    """For screen and command line; empty: where the API listens by the two values above."""
    key: str = Field(default="", repr=False)
    """Under which the command line asks."""

    @property
    def address(self) -> str:
        """Return where the API is found."""
        return self.url or f"http://{self.host}:{self.port}"


class UiSection(Section):
    """Where the screen listens when it runs apart; in the embedded shape the API serves it."""

    host: str = "127.0.0.1"
    port: Port = 8501
    url: str = ""
    """Where people find it, for links in alerts; empty: where it listens by the two values above."""
    is_mounted: bool = True
    """Whether `tieout up` serves the screen."""


class EngineSection(Section):
    """How long and how much, for the loops that move work. Durations are seconds."""

    lease: Seconds = timedelta(seconds=30)
    batch: int = Field(default=200, ge=1, le=1000)
    page: int = Field(default=200, ge=1, le=1000)
    concurrency: int | None = Field(default=None, ge=1)
    """Calls in flight to one target at most; None: as many as it takes."""
    settle_every: Seconds = timedelta(milliseconds=250)
    gather: Seconds = timedelta(milliseconds=250)
    heartbeat: Seconds = timedelta(seconds=10)
    idle: Seconds = timedelta(milliseconds=100)
    idle_ceiling: Seconds = timedelta(seconds=1)


class CloseSection(Section):
    """The days around the end of a month on which a share of every limit is kept for documents."""

    first_day: int = Field(default=28, ge=1, le=31)
    last_day: int = Field(default=5, ge=1, le=31)
    reserve: float = Field(default=0.0, ge=0, le=0.9)
    """What pulling and confirming leave alone, as a share of the calls that a connection may make."""


class ConnectionSection(Section):
    """One configured, credentialed use of a system."""

    provider: str
    url: str = ""
    """Empty for a connection that is only sent to us."""
    credentials: dict[str, str] = Field(default_factory=dict, repr=False)
    """References: `secret:NAME` (a file in the secrets directory) or `env:NAME` (a variable)."""
    options: dict[str, str] = {}
    legal_entity: str = ""
    """Empty: it serves several."""
    every: Seconds = timedelta(minutes=1)
    """How often each stream is pulled."""
    streams: dict[str, Seconds] = {}
    """Streams that are pulled at another pace."""
    calls_per_second: float | None = Field(default=None, gt=0)
    """How often the system may be called; None: as its connector declares."""
    burst: int = Field(default=1, ge=1)
    """How many calls may leave at once after a pause, where a limit is given here."""


class CalendarSection(Section):
    """When a legal entity works."""

    time_zone: str = "UTC"
    country: str = ""
    """ISO 3166 code whose public holidays are free."""
    opens: time = time(9)
    closes: time = time(17)
    closed_days: frozenset[date] = frozenset()

    def calendar(self) -> Calendar:
        """Return the same as the domain knows it."""
        return Calendar(**dict(self))


class WebhookSection(Section):
    """An endpoint that is told of alerts, signed as in Standard Webhooks."""

    name: ConnectionName
    url: str
    secret: str = Field(repr=False)
    """A reference to `whsec_` and the base64 of 24 to 64 bytes."""
    allows_loopback: bool = False
    """Only for trying things out on one machine."""


class TelemetrySection(Section):
    """What the process says about itself."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["text", "json"] = "text"
    otlp_endpoint: str = ""
    """Where spans are sent by OTLP over HTTP, such as `http://localhost:4318`; empty: none are recorded.

    What a collector wants to know further stands in OpenTelemetry's own variables, as OTEL_EXPORTER_OTLP_HEADERS.
    """


class Settings(BaseSettings):
    """All settings of one process."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=PREFIX,
        env_nested_delimiter="_",
        env_nested_max_split=1,
        env_ignore_empty=True,
    )

    database: DatabaseSection = DatabaseSection()
    secrets: SecretsSection = SecretsSection()
    api: ApiSection = ApiSection()
    ui: UiSection = UiSection()
    engine: EngineSection = EngineSection()
    close: CloseSection = CloseSection()
    connections: dict[ConnectionName, ConnectionSection] = {}
    flows: dict[str, Values] = {}
    """Values that override a flow's policy, by flow and key."""
    calendars: dict[str, CalendarSection] = {}
    """By legal entity."""
    webhooks: list[WebhookSection] = []
    telemetry: TelemetrySection = TelemetrySection()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  (its caller names them)
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  (see above)
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return what is asked for a value, the first that has one wins: caller, environment, file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    def secret(self, text: str) -> str:
        """Return the value behind a reference; what is no reference came from the environment and is the value.

        Raises:
            ConfigurationError: nothing stands behind the reference.
        """
        reference = REFERENCE.fullmatch(text)
        if reference is None:
            return text
        kind, name = reference.groups()
        found = os.environ.get(name, "") if kind == "env" else _file_of(self.secrets.directory, name)
        if not found:
            where = "no variable holds it" if kind == "env" else f"{self.secrets.directory} has no such file"
            raise ConfigurationError(f"the secret {text!r} is missing: {where}")
        return found

    def connection(self, name: str) -> ConnectionSettings:
        """Return what the connector of a connection is given, its credentials resolved.

        Raises:
            ConfigurationError: a credential is missing.
        """
        section = self.connections[name]
        credentials = {key: self.secret(text) for key, text in section.credentials.items()}
        return ConnectionSettings(name, section.provider, section.url, credentials, section.options)

    def calendar(self, legal_entity: str) -> Calendar:
        """Return the calendar of a legal entity; without one of its own Monday to Friday, 9 to 17 in UTC."""
        return self.calendars.get(legal_entity, CalendarSection()).calendar()


def _file_of(directory: Path, name: str) -> str:
    file = directory / name
    return file.read_text().strip() if file.is_file() else ""
