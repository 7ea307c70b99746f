"""What the routes work with; `bootstrap` puts it together once."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.metadata import version

from connectors.contract import Envelope, Source
from control_plane.api.cursors import Cursors
from control_plane.api.key_memory import KeyMemory
from control_plane.api.sign_in import SignInCodes
from control_plane.flows.flow import Flow
from control_plane.runtime import Runtime
from control_plane.store.database import Database


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """How the API answers; every value is a setting in `tieout.toml`."""

    group_currency: str = "EUR"
    screen_url: str = ""
    """Where the screen stands: links of alerts begin with it."""
    body_limit: int = 1 << 20
    """Bytes of the largest body that is read."""
    signed_in_for: timedelta = timedelta(hours=8)
    attainment_target: float = 0.95
    """The share of documents that is to arrive on time."""
    silent_after: timedelta = timedelta(seconds=45)
    """A process that gave no sign for so long counts as gone."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """What a deployment's processes share and nobody else knows."""

    cursors: bytes = field(repr=False)
    audit: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Taken:
    """One event that is safely ours."""

    source: str
    id: str
    is_repeated: bool
    transaction_id: int | None = None


Intake = Callable[[Sequence[Envelope]], Awaitable[Sequence[Taken]]]
"""Takes over envelopes of one source; returns after the durable commit, one answer per envelope, in order."""


@dataclass(frozen=True, slots=True)
class Services:
    """One API's parts."""

    database: Database
    runtime: Runtime
    secrets: Secrets
    flows: Mapping[str, Flow] = field(default_factory=dict)
    intakes: Mapping[str, Intake] = field(default_factory=dict)
    """By the CloudEvents `source` that a sender names."""
    sources: Mapping[str, Source] = field(default_factory=dict)
    """Who understands the envelopes of a connection; nobody is called by it."""
    sign_in_codes: SignInCodes = field(default_factory=SignInCodes)
    settings: ApiSettings = field(default_factory=ApiSettings)
    keys: KeyMemory = field(default_factory=KeyMemory)

    @property
    def cursors(self) -> Cursors:
        """Return what seals and opens the cursors of lists."""
        return Cursors(self.secrets.cursors)

    @property
    def version(self) -> str:
        """Return the installed product's version."""
        return version("tieout")
