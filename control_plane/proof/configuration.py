"""The `tieout.toml` of a proof: the twins as connections, and a policy that fits their lists."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

Table = Mapping[str, Any]  # TOML values by key

FEED: Final = "/v4/topics/financialintegration/events"
"""Where the expense platform's twin tells its events."""

CONTROL_ACCOUNTS: Final[Mapping[str, str]] = {
    "employee": "331000",
    "employee_receivable": "181000",
    "company_billed_card": "332000",
    "individually_billed_card": "333000",
    "company_paid": "334000",
    "cash_advance": "182000",
    "input_tax": "154000",
}
DOCUMENT_TYPES: Final[tuple[tuple[str, tuple[str, ...], str], ...]] = (
    ("payee", ("company_billed_card", "individually_billed_card"), "CC"),
    ("payee", ("cash_advance",), "CA"),
)
"""Which of the twin's document types a payee asks for; everything else is an expense report, EX."""

CALENDARS: Final[Mapping[str, Mapping[str, str]]] = {
    "1000": {"time_zone": "Europe/Berlin", "country": "DE"},
    "2000": {"time_zone": "Europe/Zurich", "country": "CH"},
    "3000": {"time_zone": "America/New_York", "country": "US"},
}


@dataclass(frozen=True, slots=True)
class TargetSettings:
    """How the ERP is reached: its provider, and what its connection needs."""

    provider: str
    url: str
    credentials: Mapping[str, str]
    options: Mapping[str, str]
    document_type: str = ""
    """The one journal that everything goes to; empty: by the payee."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """What is particular about one proof."""

    folder: Path
    port: int
    expense_url: str
    erp: TargetSettings
    has_screen: bool = True
    further: Mapping[str, Table] = field(default_factory=dict)
    """Sections, by their dotted names, whose keys come on top."""


def configuration(deployment: Deployment) -> str:
    """Return the file's text."""
    sections = _sections(deployment)
    for name, keys in deployment.further.items():
        sections[name] = {**sections.get(name, {}), **keys}
    return "\n".join(line for name, keys in sections.items() for line in _lines(name, keys))


def _sections(deployment: Deployment) -> dict[str, Table]:
    folder = deployment.folder
    return {
        "database": {"url": f"sqlite:///{folder / 'tieout.db'}"},
        "secrets": {"directory": str(folder / "secrets")},
        "api": {"port": deployment.port},
        "ui": {"is_mounted": deployment.has_screen},
        "engine": {"lease": 60, "batch": 1000, "page": 500},
        "connections.concur": _expense(deployment.expense_url),
        "connections.erp": _target(deployment.erp),
        "flows.expense_report": _policy(deployment.erp),
        **{f"calendars.{entity}": calendar for entity, calendar in CALENDARS.items()},
    }


def _expense(url: str) -> Table:
    return {
        "provider": "concur",
        "url": url,
        "credentials": {"client_id": "secret:expense_client_id", "client_secret": "secret:expense_client_secret"},
        "options": {"page_size": "250", "recall_events": FEED},
        "every": 1,
    }


def _target(erp: TargetSettings) -> Table:
    return {
        "provider": erp.provider,
        "url": erp.url,
        "credentials": erp.credentials,
        "options": erp.options,
        "every": 20,
        "streams": {"project": 2, "payments": 2},
    }


def _policy(erp: TargetSettings) -> Table:
    return {
        "accounts": {"default": "474300"},
        "control_accounts": {"*": CONTROL_ACCOUNTS},
        "routing": {"rules": list(_routes(erp))},
        "after_post": {"recalled": "reverse", "changed": "reverse"},
    }


def _routes(erp: TargetSettings) -> Iterator[Table]:
    for field_name, values, document_type in () if erp.document_type else DOCUMENT_TYPES:
        yield {"when": {field_name: list(values)}, "then": _then(document_type)}
    yield {"then": _then(erp.document_type or "EX")}


def _then(document_type: str) -> Table:
    return {"target": "erp", "ledger": "main", "document_type": document_type}


def _lines(name: str, keys: Table) -> Iterator[str]:
    yield f"[{name}]"
    for key, value in keys.items():
        yield f"{json.dumps(key)} = {_toml(value)}"
    yield ""


def _toml(value: Any) -> str:  # a TOML value
    match value:
        case Mapping():
            return f"{{ {', '.join(f'{json.dumps(key)} = {_toml(item)}' for key, item in value.items())} }}"
        case list() | tuple():
            return f"[{', '.join(map(_toml, value))}]"
        case _:
            return json.dumps(value)
