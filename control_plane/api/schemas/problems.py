"""How the API refuses."""

from pydantic import Field

from control_plane.api.schemas.common import Answer


class FieldError(Answer):
    """What is wrong with one field."""

    pointer: str
    detail: str


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
