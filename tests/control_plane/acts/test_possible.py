"""Every act that an exception offers has its door in the API."""

import pytest

from control_plane.acts.possible import ACTS
from control_plane.api.app import routed

PATHS = frozenset(routed().openapi()["paths"])


@pytest.mark.parametrize("name", sorted(ACTS))
def test_what_is_offered_can_be_asked_for(name: str) -> None:
    assert f"/v1/exceptions/{{exception_id}}/{name.replace('_', '-')}" in PATHS
