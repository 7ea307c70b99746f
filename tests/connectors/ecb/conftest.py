from collections.abc import AsyncIterator

import pytest

from tests.connectors.ecb.running_bank import NOBODY, Bank, BankHarness, reading, running_bank


@pytest.fixture
async def bank() -> AsyncIterator[Bank]:
    async with running_bank() as bank:
        yield bank


@pytest.fixture
async def outside(bank: Bank) -> AsyncIterator[BankHarness]:
    async with reading(bank.served.url) as near, reading(NOBODY) as far:
        yield BankHarness(bank, near, far)
