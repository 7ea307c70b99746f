from collections.abc import AsyncIterator, Iterator

import pytest

pytest.register_assert_rewrite("tests.suites.connector")

from connectors.twins.tryton.acts import Administrator, administrator  # noqa: E402  (after the line above)
from connectors.twins.tryton.rpc import Rpc  # noqa: E402  (after the line above)
from connectors.twins.tryton.server import TrytonServer, running_tryton  # noqa: E402  (after the line above)
from tests.connectors.tryton.running import TrytonHarness, tryton_harness  # noqa: E402  (after the line above)


@pytest.fixture(scope="session")
def tryton() -> Iterator[TrytonServer]:
    with running_tryton() as server:
        yield server


@pytest.fixture(scope="session")
def admin(tryton: TrytonServer) -> Iterator[Administrator]:
    with administrator(tryton) as admin:
        yield admin


@pytest.fixture(scope="session")
def session(tryton: TrytonServer) -> str:
    with Rpc(tryton.url, tryton.user, tryton.password) as rpc:
        return rpc.session


@pytest.fixture
async def outside(tryton: TrytonServer, admin: Administrator, session: str) -> AsyncIterator[TrytonHarness]:
    async with tryton_harness(tryton, admin, session) as harness:
        yield harness
