"""How the API refuses."""

from datetime import datetime

from pydantic import Field

from control_plane.api.schemas.common import Answer


class FieldError(Answer):
    """What is wrong with one field."""

    pointer: str
    detail: str


class MeanwhileView(Answer):
    """One thing that happened since the asker looked."""

    by: str
    """Who; `tieout` is what time or the engine did."""
    did: str
    at: datetime
    revision: int


class Problem(Answer):
    """RFC 9457, with a stable `code`."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str = ""
    instance: str = ""
    code: str
    request_id: str
    errors: list[FieldError] = Field(default=[])
    meanwhile: list[MeanwhileView] = Field(default=[])
    """With `changed_meanwhile`: what happened since the revision that the asker saw, oldest first."""
