from collections.abc import AsyncIterator, Iterator

import pytest

pytest.register_assert_rewrite("tests.suites.connector")

from tests.connectors.concur.running_platform import (  # noqa: E402  (after the line above, which acts on imports)
    Platform,
    PlatformHarness,
    platform_harness,
    running_platform,
)


@pytest.fixture(scope="session")
def platform_process() -> Iterator[Platform]:
    with running_platform() as platform:
        yield platform


@pytest.fixture
def platform(platform_process: Platform) -> Platform:
    """The running platform, calm and with nothing that waits to be fetched."""
    platform_process.calm_down()
    return platform_process


@pytest.fixture
async def outside(platform: Platform) -> AsyncIterator[PlatformHarness]:
    async with platform_harness(platform) as harness:
        yield harness
