"""What a deployment keeps to itself: the secret its processes share, its first person and that person's key."""

import hashlib
import hmac
import os
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Final

from sqlalchemy.engine import make_url
from sqlmodel import Session

from control_plane.api.services import Secrets
from control_plane.api.sign_in import SignInCodes
from control_plane.bootstrap.process import Process, database_url
from control_plane.domain.access import Grant, Role
from control_plane.domain.api_key import ENTROPY_BYTES
from control_plane.settings import ConfigurationError, Settings
from control_plane.store import people
from control_plane.store.people import Person
from control_plane.telemetry.redaction import keep_secret

OPERATOR: Final = Person("operator", "Operator")
"""The first person of a new database; others are made known by them."""

ROLES: Final = (Role.ANALYST, Role.APPROVER, Role.CONTROLLER, Role.INTEGRATOR, Role.AUDITOR, Role.ADMIN)

SIGN_IN_WITHIN: Final = timedelta(hours=1)
"""How long a printed address opens the screen, once."""

_MASTER_BYTES: Final = 32


def shared_secrets(settings: Settings) -> Secrets:
    """Return what the processes of one deployment share.

    On SQLite it is made at the first start and kept beside the database.

    Raises:
        ConfigurationError: several processes share it, and nobody has given it.
    """
    master = settings.secret(settings.secrets.master).encode() if settings.secrets.master else _kept_master(settings)
    keep_secret([master.decode()])
    return Secrets(cursors=_derived(master, "cursors"), audit=_derived(master, "audit"))


def key_file(settings: Settings) -> Path | None:
    """Return where the operator's key is kept for the command line of the same machine; None on PostgreSQL."""
    return _beside(settings, ".key")


def welcome(process: Process, codes: SignInCodes) -> str:
    """Return a code that lets the operator in once; a new database gets to know them first."""
    now = process.runtime.now()
    with process.database.write() as session:
        person_id = _operator(session, process)
        _keep_key(session, process, person_id)
    return codes.issue(person_id, expires_at=now + SIGN_IN_WITHIN)


def _operator(session: Session, process: Process) -> int:
    found = people.by_login(session, OPERATOR.login)
    if found is not None:
        return found.id
    person_id = people.add(session, process.runtime.ids, OPERATOR, now=process.runtime.now())
    people.set_grants(session, person_id, [Grant(role) for role in ROLES])
    return person_id


def _keep_key(session: Session, process: Process, person_id: int) -> None:
    """Issue a key for the command line where SQLite says that it runs on this machine."""
    file, now = key_file(process.settings), process.runtime.now()
    if file is None or (file.exists() and people.authenticate(session, file.read_text().strip(), now=now)):
        return
    entropy = secrets.token_bytes(ENTROPY_BYTES)
    _keep(file, people.issue_key(session, process.runtime.ids, person_id, entropy=entropy, now=now))


def _kept_master(settings: Settings) -> bytes:
    file = _beside(settings, ".secret")
    if file is None:
        raise ConfigurationError("secrets.master: the processes on PostgreSQL share a secret; name it, as 'env:NAME'")
    if not file.exists():
        _keep(file, secrets.token_hex(_MASTER_BYTES))
    return file.read_bytes()


def _derived(master: bytes, purpose: str) -> bytes:
    return hmac.digest(master, purpose.encode(), hashlib.sha256)


def _beside(settings: Settings, ending: str) -> Path | None:
    url = make_url(database_url(settings))
    return Path(url.database).with_suffix(ending) if url.get_backend_name() == "sqlite" and url.database else None


def _keep(file: Path, text: str) -> None:
    """Write a file that nobody but its owner may read."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as opened:
        opened.write(text)
