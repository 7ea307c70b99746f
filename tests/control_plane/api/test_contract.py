"""Made-up requests against the running API: no answer is a 5xx, every answer has the form that was promised."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from connectors.twins.running import running_in_thread
from control_plane.api.app import routed
from control_plane.domain.access import Role
from control_plane.domain.transaction import Reason, State
from tests.control_plane.api.stand import Stand

CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance, status_code_conformance]
MADE_UP = settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.slow
def test_every_operation_keeps_the_contract(lite: Stand) -> None:
    lite.stuck(State.ON_HOLD, Reason.MASTER_DATA)
    lite.document(State.POSTED)
    headers = {"authorization": f"Bearer {lite.key(*Role)}"}
    contract = schemathesis.openapi.from_dict(routed().openapi())
    tried = 0
    with running_in_thread(lite.app()) as server:
        for found in contract.get_all_operations():
            assert isinstance(found, Ok)
            operation = found.ok()

            @MADE_UP
            @given(case=operation.as_strategy())
            def ask(case: Any) -> None:  # a made-up request
                answer = case.call(base_url=server.url, headers=headers)
                case.validate_response(answer, checks=CHECKS)

            ask()
            tried += 1
    assert tried > 30
