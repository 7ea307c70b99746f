from collections.abc import AsyncIterator, Iterator

import pytest

pytest.register_assert_rewrite("tests.suites.connector")

from connectors.twins.tryton.server import TrytonServer, running_tryton  # noqa: E402  (after the line above)
from tests.connectors.tryton.running import TrytonHarness, tryton_harness  # noqa: E402  (after the line above)


@pytest.fixture(scope="session")
def tryton() -> Iterator[TrytonServer]:
    with running_tryton() as server:
        yield server


@pytest.fixture
async def outside(tryton: TrytonServer) -> AsyncIterator[TrytonHarness]:
    async with tryton_harness(tryton) as harness:
        yield harness
