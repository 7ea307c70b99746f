"""What can be changed about the expense platform while it runs."""

from pydantic import BaseModel, ConfigDict, Field

from connectors.twins.gate import Pace


class Settings(BaseModel):
    """The expense platform's behavior."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    client_id: str = "tieout"
    client_secret: str = "sandbox-secret"  # noqa: S105 - known to everybody, for the loopback only
    token_seconds: float = Field(default=3600.0, gt=0)
    company_id: str = "100200"
    page_limit: int = Field(default=1000, ge=1)
    renamed_fields: dict[str, str] = {}
    """Names in documents that are told under another name: the vendor's schema has drifted."""

    pace: Pace = Pace()
