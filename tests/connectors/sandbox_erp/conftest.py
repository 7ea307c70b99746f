from collections.abc import AsyncIterator, Iterator

import pytest

from tests.connectors.sandbox_erp.running_erp import RunningErp, SandboxHarness, running_erp, sandbox_harness


@pytest.fixture(scope="session")
def erp() -> Iterator[RunningErp]:
    with running_erp() as erp:
        yield erp


@pytest.fixture
async def outside(erp: RunningErp) -> AsyncIterator[SandboxHarness]:
    async with sandbox_harness(erp) as harness:
        yield harness
