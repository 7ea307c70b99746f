import os
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_BZIP2, ZIP_STORED, ZipFile

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.canonical.master_data import Domain, MasterRecord
from connectors.connection import ConnectionSettings, UnusableConnectionError
from connectors.contract import Confirmation, ConfirmationKind, Document, Page, ReceiptStatus, Source, Unreadable
from connectors.ecb.mapping import translation_of
from connectors.ecb.wire import LARGEST_TABLE, Table, UnreadableTableError, table_of
from connectors.failures import Failure, sentence_of
from connectors.registry import opened
from tests.connectors.ecb.running_bank import FIRST, HEAD, Bank, BankHarness, envelope, line, reading, zipped
from tests.suites.connector import SourceSuite, assert_is_whole

REFERENCE_DATA = os.environ.get("TIEOUT_REFERENCE_DATA", "")
REAL_FILE = Path(REFERENCE_DATA, "fx", "eurofxref-hist.zip")
PACKED = zipped(f"{HEAD}\n{line(FIRST)}\n".encode())
XML = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>'


class TestTheBankAsSource(SourceSuite):
    pass


async def records_of(source: Source, limit: int = 200) -> list[MasterRecord]:
    """Return all records that a source has, page by page."""
    return [record async for page in _pages(source, limit) for record in _records(source, page)]


async def _pages(source: Source, limit: int) -> AsyncIterator[Page]:
    cursor = ""
    for _ in range(100):
        page = await source.pull("rate", cursor, limit)
        assert isinstance(page, Page), page
        yield page
        cursor = page.cursor
        if not page.has_more:
            return
    pytest.fail("the table has no end")


def _records(source: Source, page: Page) -> Iterator[MasterRecord]:
    for each in page.envelopes:
        said = source.translate(each)
        assert isinstance(said, Document), said
        assert isinstance(said.content, MasterRecord)
        yield said.content


@pytest.mark.parametrize("packing", ["plain", "zipped"])
async def test_a_day_is_one_record_with_exact_units_for_one_euro(bank: Bank, packing: str) -> None:
    bank.publish(2)
    bank.body = bank.table if packing == "plain" else zipped(bank.table)
    async with reading(bank.served.url) as source:
        records = await records_of(source)
    assert records[0] == MasterRecord(
        domain=Domain.RATE,
        code="ECB/2026-01-05",
        name="Euro reference rates of 2026-01-05",
        active=True,
        attributes={"USD": "1.1684", "JPY": "186.75"},
        valid_from=FIRST,
    )
    assert [record.code for record in records] == ["ECB/2026-01-05", "ECB/2026-01-06"]


async def test_days_far_behind_the_newest_one_are_left_out(bank: Bank) -> None:
    days = bank.publish(10)
    async with reading(bank.served.url, days="3") as source:
        records = await records_of(source)
    assert [record.valid_from for record in records] == days[-3:]


async def test_what_was_read_is_not_read_again(outside: BankHarness) -> None:
    outside.bank.publish(2)
    first = await outside.source.pull("rate", "", 10)
    assert isinstance(first, Page)
    again = await outside.source.pull("rate", first.cursor, 10)
    assert again == Page((), first.cursor, has_more=False)


async def test_before_the_first_day_there_is_nothing_to_read(outside: BankHarness) -> None:
    assert await outside.source.pull("rate", "", 10) == Page((), "", has_more=False)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("404 Not Found", "wrong_address"),
        ("302 Found", "answer_lost"),
        ("429 Too Many Requests", "rate_limited"),
        ("500 Internal Server Error", "answer_lost"),
        ("503 Service Unavailable", "temporarily_unavailable"),
    ],
)
async def test_an_answer_without_a_table_says_why(outside: BankHarness, status: str, code: str) -> None:
    outside.bank.status = status
    failure = await outside.source.pull("rate", "", 10)
    assert isinstance(failure, Failure)
    assert failure.code == code
    assert_is_whole(failure)


@pytest.mark.parametrize(
    "body", [b"", b"<html></html>", XML, b"PK\x03\x04", b"\xff\xfe", b"Date,USD,\nyesterday,1.1,\n"]
)
async def test_what_is_no_table_fails_the_run_with_a_sentence(outside: BankHarness, body: bytes) -> None:
    outside.bank.body = body
    failure = await outside.source.pull("rate", "", 10)
    assert isinstance(failure, Failure)
    assert failure.code == "unreadable_document"
    assert "eurofxref-hist.zip cannot be read" in sentence_of(failure)


async def test_nothing_waits_for_a_confirmation(outside: BankHarness) -> None:
    (receipt,) = await outside.source.confirm([Confirmation("ECB/2026-01-05", ConfirmationKind.POSTED)])
    assert receipt.status is ReceiptStatus.DONE


@pytest.mark.parametrize(
    ("option", "text"), [("days", "0"), ("days", "all"), ("path", "eurofxref.zip"), ("path", "//elsewhere/rates.zip")]
)
async def test_an_option_that_cannot_be_used_is_named(option: str, text: str) -> None:
    settings = ConnectionSettings("ecb", "ecb", "http://127.0.0.1:9", options={option: text})
    with pytest.raises(UnusableConnectionError, match=f"the option '{option}' cannot be '{text}'"):
        async with opened(settings):
            pass


def bomb() -> bytes:
    return zipped(b"0" * (LARGEST_TABLE // 4))


def oversized() -> bytes:
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_STORED) as archive:
        archive.writestr("rates.csv", bytes(LARGEST_TABLE + 1))
    return packed.getvalue()


def packed_otherwise() -> bytes:
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_BZIP2) as archive:
        archive.writestr("rates.csv", "Date,USD,\n")
    return packed.getvalue()


def locked() -> bytes:
    at = PACKED.index(b"PK\x01\x02") + 8
    flags = struct.unpack_from("<H", PACKED, at)[0] | 1
    return PACKED[:at] + struct.pack("<H", flags) + PACKED[at + 2 :]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (bomb(), "unpacks to"),
        (oversized(), "unpacks to"),
        (zipped(), "holds 0 files"),
        (zipped(b"a", b"b"), "holds 2 files"),
        (packed_otherwise(), "packed in an unknown way"),
        (locked(), "damaged or locked"),
        (PACKED[:-20], "damaged or locked"),
        (zipped(PACKED), "not UTF-8"),
    ],
    ids=["bomb", "oversized", "empty", "several", "bzip2", "locked", "cut", "zip in zip"],
)
def test_a_zip_file_that_is_not_the_banks_is_refused(body: bytes, problem: str) -> None:
    with pytest.raises(UnreadableTableError, match=problem):
        table_of(body)


@given(st.integers(0, len(PACKED) - 1), st.binary(min_size=1, max_size=8))
@example(0, b"PK")
def test_a_damaged_file_is_read_or_refused_and_nothing_else(place: int, noise: bytes) -> None:
    with suppress(UnreadableTableError):
        assert isinstance(table_of(PACKED[:place] + noise + PACKED[place + len(noise) :]), Table)


@pytest.mark.parametrize(
    "payload",
    [
        f"{HEAD}\n",
        f"{HEAD}\n{line(FIRST)}\n{line(FIRST + timedelta(days=1))}\n",
        f"{HEAD}\n2026-01-05,1.1,\n",
        "Date,USD,USD,\n2026-01-05,1.1,1.2,\n",
        "Date,Dollars,\n2026-01-05,1.1,\n",
        *(
            f"Date,USD,\n2026-01-05,{rate},\n"
            for rate in ("NaN", "-1", "0", "0.000", "1e3", "1.", "\N{FULLWIDTH DIGIT ONE}", "1'000")
        ),
    ],
)
def test_a_day_whose_rates_are_not_exact_is_unreadable(payload: str) -> None:
    said = translation_of(envelope(payload))
    assert isinstance(said, Unreadable)
    assert said.failures[0].code == "schema_violation"


@pytest.fixture
def published() -> bytes:
    """The bank's own file."""
    if not REAL_FILE.is_file():
        pytest.skip("TIEOUT_REFERENCE_DATA names no folder with the bank's table")
    return REAL_FILE.read_bytes()


async def test_the_banks_own_table_is_read_to_the_last_digit(bank: Bank, published: bytes) -> None:
    bank.body = published
    async with reading(bank.served.url, days="100000") as source:
        records = await records_of(source, limit=1000)
    with ZipFile(BytesIO(published)) as archive:
        head, *lines = archive.read(archive.namelist()[0]).decode().splitlines()
    assert len(records) == len(lines) == 6983
    names = head.split(",")[1:-1]
    for record, text in zip(records, reversed(lines), strict=True):
        day, *cells = text.split(",")[:-1]
        assert record.valid_from == date.fromisoformat(day)
        expected = {name: Decimal(cell) for name, cell in zip(names, cells, strict=True) if cell != "N/A"}
        assert {name: Decimal(rate) for name, rate in record.attributes.items()} == expected
