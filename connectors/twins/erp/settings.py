"""What can be changed about the sandbox ERP while it runs."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from connectors.twins.gate import Pace


class Dedupe(StrEnum):
    """What the ERP does with a reference that it has seen."""

    ENFORCED = "enforced"
    NONE = "none"


class Settings(BaseModel):
    """The sandbox ERP's behavior."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    api_key: str = "sandbox-key"
    dedupe: Dedupe = Dedupe.ENFORCED
    searchable: bool = True
    visibility_seconds: float = Field(default=0.0, ge=0)
    asynchronous_seconds: float | None = Field(default=None, ge=0)
    tax_refusals_percent: int = Field(default=0, ge=0, le=100)
    """The share of documents that are refused because their tax set-up is incomplete; always the same ones."""
    batch_limit: int = Field(default=200, ge=1, le=10_000)
    pace: Pace = Pace()
