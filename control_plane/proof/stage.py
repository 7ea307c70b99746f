"""The stage of a proof: the outside's twins, and Tieout in its embedded shape between them, as real processes."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import IO, Any, Final

from connectors.twins.erp.settings import Settings as ErpDefaults
from connectors.twins.expense.settings import Settings as ExpenseDefaults
from connectors.twins.running import running_erp_twin, running_expense_twin
from connectors.twins.tryton.server import TrytonServer, running_tryton
from control_plane.api.client import ApiClient
from control_plane.bootstrap.serving import listening
from control_plane.proof.configuration import Deployment, TargetSettings, configuration
from control_plane.proof.erp import Erp, TwinErp
from control_plane.proof.hand import Hand, OutsideError, hand
from control_plane.proof.replay import Platform
from control_plane.proof.tryton_erp import TrytonErp

EXPENSE: Final = ExpenseDefaults()
READY_WITHIN: Final = 60.0
GONE_WITHIN: Final = 15.0
EMBEDDED: Final = "up"
_OPTIONS: Final[Mapping[str, Sequence[str]]] = {EMBEDDED: ("--json", "--while-stdin-open"), "api": ("--json",)}
"""What the commands that serve are asked for besides."""
_GRACE: Final = 1
"""Seconds until the ERP's twin shows what it has booked."""
_TRYTON_DEADLINE: Final = 30
"""Seconds: on SQLite one request follows the other, and a busy machine may keep one waiting that long."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """How the stage is set."""

    folder: Path
    is_tryton: bool = False
    port: int = 0
    has_screen: bool = True
    erp_options: tuple[str, ...] = ()
    """Further options of the ERP's twin, such as `--inactive-project P-07`."""
    command: str = EMBEDDED
    """The process of Tieout that serves."""
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # TOML values by section and key
    say: Callable[[str], None] = lambda _: None
    """Is told in a few words what takes long."""


class TieoutProcess:
    """One of Tieout's processes, which may be killed and begun again over the same database."""

    def __init__(self, folder: Path, command: str = EMBEDDED, *, under: Sequence[str] = ()) -> None:
        """Take the folder with the configuration, which of Tieout's processes it is, and what it runs under."""
        self.config = folder / "tieout.toml"
        self.log = folder / "tieout.log"
        self.sign_in_url = ""
        self.address = ""
        self._command = command
        self._under = under
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        """Start it and wait until it serves, if it does.

        Raises:
            OutsideError: it ended instead; its last words are told.
        """
        options = ["--config", str(self.config), *_OPTIONS.get(self._command, ())]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  (our own command)
                [*self._under, sys.executable, "-m", "control_plane", self._command, *options],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=self.config.parent,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
                start_new_session=True,
            )
        if self._command in _OPTIONS:
            ready = json.loads(self._first_line(self._process))
            self.address, self.sign_in_url = ready["address"], ready["sign_in_url"]

    @property
    def pid(self) -> int | None:
        """Return the process's number while it runs."""
        is_running = self._process is not None and self._process.poll() is None
        return self._process.pid if self._process is not None and is_running else None

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def end(self) -> None:
        """Let it end in order."""
        self._end(signal.SIGTERM)

    @cached_property
    def key(self) -> str:
        """Return the operator's key, which an embedded Tieout keeps on this machine; else one from signing in."""
        kept = self.config.parent / "tieout.key"
        if kept.exists():
            return kept.read_text()
        with ApiClient(self.address) as client:
            return client.sign_in(self.sign_in_url.rpartition("=")[2]).key

    def _first_line(self, process: subprocess.Popen[bytes]) -> bytes:
        stdout: IO[bytes] | None = process.stdout
        alarm = threading.Timer(READY_WITHIN, process.kill)
        alarm.start()
        line = stdout.readline() if stdout else b""
        alarm.cancel()
        if not line:
            process.wait(GONE_WITHIN)
            raise OutsideError(f"Tieout did not start: {self.log.read_text(errors='replace')[-2000:].strip()}")
        return line

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(number)
        try:
            process.wait(GONE_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(GONE_WITHIN)
        for stream in (process.stdin, process.stdout):
            if stream:
                stream.close()


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that runs."""

    tieout: TieoutProcess
    expense: Hand
    platform: Platform
    erp: Erp

    @contextmanager
    def client(self) -> Iterator[ApiClient]:
        """Give a client of Tieout's API under the operator's key."""
        with ApiClient(self.tieout.address, self.tieout.key, timeout_seconds=30) as client:
            yield client


@contextmanager
def staged(wishes: Wishes) -> Iterator[Stage]:
    """Give the running stage over a fresh folder; everything ends with it, the folder stays to be looked at.

    Raises:
        PortTakenError: another process listens on the wanted port.
        OutsideError: Tieout did not start.
        TwinDidNotStartError: a twin did not start.
        TrytonMissingError: Tryton could not be installed, set up or started.
    """
    folder = wishes.folder.absolute()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    port = _free_port(wishes.port)
    with ExitStack() as stack:
        expense_url = stack.enter_context(running_expense_twin(books=folder / "expense.sqlite")).url
        erp, target, password = _erp(stack, wishes, folder)
        deployment = Deployment(folder, port, expense_url, target, wishes.has_screen, wishes.settings)
        (folder / "tieout.toml").write_text(configuration(deployment))
        _keep_secrets(folder / "secrets", password)
        tieout = TieoutProcess(folder, wishes.command)
        stack.callback(tieout.end)
        tieout.begin()
        expense = stack.enter_context(hand(expense_url))
        feed = stack.enter_context(hand(expense_url, {"Authorization": f"Bearer {token_of(expense)}"}))
        yield Stage(tieout, expense, Platform(expense, feed), erp)


def _erp(stack: ExitStack, wishes: Wishes, folder: Path) -> tuple[Erp, TargetSettings, str]:
    """Return the running ERP, how Tieout reaches it, and the secret for that."""
    if wishes.is_tryton:
        server = stack.enter_context(running_tryton(wishes.say))
        return TrytonErp(server), _of_tryton(server), server.password
    options = ("--grace", str(_GRACE), *wishes.erp_options)
    twin = stack.enter_context(running_erp_twin(books=folder / "erp.sqlite", options=options))
    return TwinErp(stack.enter_context(hand(twin.url))), _of_twin(twin.url), ErpDefaults().api_key


def _of_twin(url: str) -> TargetSettings:
    options = {"visibility_grace_seconds": str(_GRACE), "batch": "50"}
    return TargetSettings("sandbox_erp", url, {"api_key": "secret:erp"}, options)


def _of_tryton(server: TrytonServer) -> TargetSettings:
    options = {"user": server.user, "deadline_seconds": str(_TRYTON_DEADLINE), "visibility_grace_seconds": "10"}
    return TargetSettings("tryton", server.url, {"password": "secret:erp"}, options, document_type="EXP")


def _keep_secrets(folder: Path, erp: str) -> None:
    """Write down what the configuration refers to."""
    folder.mkdir(mode=0o700)
    known = {"expense_client_id": EXPENSE.client_id, "expense_client_secret": EXPENSE.client_secret, "erp": erp}
    for name, value in known.items():
        (folder / name).write_text(value)


def token_of(expense: Hand) -> str:
    """Return a token for the platform's feed of events."""
    grant = {
        "grant_type": "client_credentials",
        "client_id": EXPENSE.client_id,
        "client_secret": EXPENSE.client_secret,
    }
    token: str = expense.post_form("/oauth2/v0/token", grant)["access_token"]
    return token


def _free_port(wanted: int) -> int:
    """Return the wanted port, or any where none is wanted, that nobody listens on. Raises PortTakenError."""
    with listening("127.0.0.1", wanted) as wire:
        port: int = wire.getsockname()[1]
        return port
