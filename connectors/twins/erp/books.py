"""The sandbox ERP's books: every document, line and payment that was ever committed, in one file."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final

from connectors.twins.database import IN_MEMORY, open_books
from connectors.twins.erp import catalog
from connectors.twins.erp.catalog import Catalog
from connectors.twins.erp.chart import PAYABLE
from connectors.twins.erp.judging import net
from connectors.twins.erp.master_data import Item, Seed
from connectors.twins.erp.wire import Document, Line
from connectors.twins.moments import Clock, stamp, system_clock

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS document (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, reference TEXT NOT NULL, source_document TEXT NOT NULL,
    company TEXT NOT NULL, ledger TEXT NOT NULL, document_type TEXT NOT NULL, fiscal_year INTEGER NOT NULL,
    number TEXT NOT NULL, posting_date TEXT NOT NULL, document_date TEXT NOT NULL, currency TEXT NOT NULL,
    text TEXT, total TEXT NOT NULL, payable TEXT NOT NULL, posted_at TEXT NOT NULL, visible_at REAL NOT NULL,
    reverses INTEGER UNIQUE REFERENCES document (id),
    UNIQUE (company, fiscal_year, number)
);
CREATE INDEX IF NOT EXISTS document_by_reference ON document (reference);
CREATE INDEX IF NOT EXISTS document_by_source ON document (source_document);
CREATE TABLE IF NOT EXISTS line (
    document_id INTEGER NOT NULL REFERENCES document (id), position INTEGER NOT NULL, account TEXT NOT NULL,
    party TEXT, cost_center TEXT, project TEXT, tax_code TEXT, debit TEXT NOT NULL, credit TEXT NOT NULL, text TEXT,
    PRIMARY KEY (document_id, position)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS line_by_project ON line (project) WHERE project IS NOT NULL;
CREATE TABLE IF NOT EXISTS payment (
    id INTEGER PRIMARY KEY, document_id INTEGER REFERENCES document (id), source_document TEXT, company TEXT,
    kind TEXT NOT NULL, amount TEXT NOT NULL, currency TEXT NOT NULL, open TEXT, paid_on TEXT NOT NULL,
    booked_at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS payment_by_document ON payment (document_id);
CREATE TABLE IF NOT EXISTS waiting (
    id INTEGER PRIMARY KEY, reference TEXT NOT NULL, source_document TEXT NOT NULL, company TEXT NOT NULL,
    body BLOB NOT NULL, due_at REAL NOT NULL, rejection BLOB
);
CREATE INDEX IF NOT EXISTS waiting_by_reference ON waiting (reference);
CREATE INDEX IF NOT EXISTS waiting_by_source ON waiting (source_document);
CREATE INDEX IF NOT EXISTS waiting_by_due ON waiting (due_at) WHERE rejection IS NULL;
"""
_INSERT: Final = """
INSERT INTO document (kind, reference, source_document, company, ledger, document_type, fiscal_year, number,
    posting_date, document_date, currency, text, total, payable, posted_at, visible_at, reverses)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_INSERT_LINE: Final = "INSERT INTO line VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_SPENT: Final = """
SELECT debit, credit FROM line JOIN document ON document.id = document_id WHERE project = ? AND currency = ?
"""


@dataclass(frozen=True, slots=True)
class Booked:
    """The proof of a booking: what the ERP calls it."""

    company: str
    fiscal_year: int
    number: str
    posting_date: str


class Books:
    """The file, the master data, and the numbers given out."""

    def __init__(
        self,
        path: Path = IN_MEMORY,
        *,
        seed: Seed | None = None,
        clock: Clock = system_clock,
        is_durable: bool = True,
    ) -> None:
        self.connection = open_books(path, _SCHEMA + catalog.SCHEMA, is_durable=is_durable)
        self.clock = clock
        self.catalog = Catalog(self.connection, clock, seed or Seed())
        self._numbers = {(row["company"], row["fiscal_year"]): int(row["last"]) for row in self._last_numbers()}

    def item(self, domain: str, code: str) -> Item | None:
        """Return a record of master data."""
        return self.catalog.item(domain, code)

    def period(self, company: str, subledger: str, day: date) -> Item | None:
        """Return the period of a day."""
        return self.catalog.period(company, subledger, day)

    def spent(self, project: str, currency: str) -> Decimal:
        """Return the net debits booked on a project in a currency."""
        rows = self.connection.execute(_SPENT, (project, currency))
        return sum((Decimal(row["debit"]) - Decimal(row["credit"]) for row in rows), Decimal(0))

    def book(
        self,
        document: Document,
        *,
        visible_after: float,
        reverses: int | None = None,
    ) -> Booked:
        """Write a document under the next number of its company and fiscal year."""
        year = int(document.posting_date[:4])
        booked = Booked(document.company, year, self._next_number(document.company, year), document.posting_date)
        now = self.clock()
        row = self.connection.execute(
            _INSERT,
            (
                "posting" if reverses is None else "reversal",
                document.reference,
                document.source_document,
                document.company,
                document.ledger,
                document.document_type,
                year,
                booked.number,
                document.posting_date,
                document.document_date,
                document.currency,
                document.text,
                total(document.lines),
                payable(document.lines),
                stamp(now),
                now.timestamp() + visible_after,
                reverses,
            ),
        )
        self._book_lines(row.lastrowid, document.lines)
        return booked

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    def _book_lines(self, document_id: int | None, lines: Sequence[Line]) -> None:
        rows = [
            (
                document_id,
                position,
                line.account,
                line.party,
                line.cost_center,
                line.project,
                line.tax_code,
                line.debit,
                line.credit,
                line.text,
            )
            for position, line in enumerate(lines)
        ]
        self.connection.executemany(_INSERT_LINE, rows)

    def _next_number(self, company: str, fiscal_year: int) -> str:
        number = self._numbers.get((company, fiscal_year), 0) + 1
        self._numbers[company, fiscal_year] = number
        return f"{number:010d}"

    def _last_numbers(self) -> sqlite3.Cursor:
        return self.connection.execute(
            "SELECT company, fiscal_year, max(number) AS last FROM document GROUP BY company, fiscal_year",
        )


def total(lines: Sequence[Line]) -> str:
    """Return the sum of the debits."""
    return str(sum((Decimal(line.debit) for line in lines), Decimal(0)))


def payable(lines: Sequence[Line]) -> str:
    """Return what the document owes: credits minus debits on accounts of kind payable."""
    return str(-sum((net(line) for line in lines if line.account in PAYABLE), Decimal(0)))
