"""What the connection reads before and after it books: companies, codes, and moves with their lines."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from connectors.contract import Intent
from connectors.failures import Failure
from connectors.tryton.client import Deadline, Reading, TrytonClient
from connectors.tryton.ledger import (
    Company,
    Ledger,
    Question,
    Roots,
    currency_question,
    foreign_days,
    ledger,
    questions,
)
from connectors.tryton.mapping import LINE_FIELDS, MOVE_FIELDS, POSTED, Books, origin_of
from connectors.tryton.wire import Domain, at, ending_with, starting_with

PATTERNS_PER_CALL: Final = 50
"""Tryton nests what stands under one OR, and SQLite parses a depth of 100."""


class Reader:
    """Reads the books. The companies are read once; everything else is as fresh as the call."""

    def __init__(self, client: TrytonClient, target: str, roots: Roots) -> None:
        self._client = client
        self._target = target
        self._roots = roots
        self._companies: dict[int, Company] = {}

    async def companies(self, deadline: Deadline) -> dict[int, Company] | Failure:
        """Return the companies that the connection's user may see."""
        if not self._companies:
            fields = ("party.code", "currency.code")
            found = await self._client.read("company.company", fields, [], deadline=deadline)
            if isinstance(found, Failure):
                return found
            companies = [Company(row["id"], at(row, "party.code"), at(row, "currency.code")) for row in found.rows]
            self._companies = {company.id: company for company in companies}
        return self._companies

    async def ledger(self, company: Company, intents: Sequence[Intent], deadline: Deadline) -> Ledger | Failure:
        """Return what the company's books know of the codes that the documents use."""
        asked = questions(company, intents)
        days = foreign_days(company, intents)
        rates = currency_question(company, intents)
        answers = await asyncio.gather(
            *(self._ask(question, deadline, company=company.id) for question in asked.values()),
            *(self._ask(rates, deadline, date=day) for day in days),
        )
        failed = [answer for answer in answers if isinstance(answer, Failure)]
        if failed:
            return failed[0]
        rows = [answer.rows for answer in answers if isinstance(answer, Reading)]
        return ledger(
            company,
            self._roots,
            dict(zip(asked, rows, strict=False)),
            dict(zip(days, rows[len(asked) :], strict=True)),
        )

    async def labeled(self, references: Sequence[str], deadline: Deadline) -> Books | Failure:
        """Return all moves, drafts too, under these references."""
        return await self._described([starting_with(f"{reference} [") for reference in references], deadline)

    async def of_sources(self, source_documents: Sequence[str], deadline: Deadline) -> Books | Failure:
        """Return all moves, drafts too, of these business objects."""
        return await self._described([ending_with(f" [{source}]") for source in source_documents], deadline)

    async def of_moves(self, moves: Sequence[int], deadline: Deadline) -> Books | Failure:
        """Return these moves, just posted: nobody has reversed them yet."""
        return await self._books([["id", "in", list(moves)]], deadline)

    async def reversals(self, moves: Sequence[int], deadline: Deadline) -> Reading | Failure:
        """Return the booked moves that reverse these."""
        domain = [["origin", "in", [origin_of(move) for move in moves]], ["state", "=", POSTED]]
        return await self._client.read("account.move", MOVE_FIELDS, domain, deadline=deadline)

    async def reversing(self, move: int, deadline: Deadline) -> Books | Failure:
        """Return the booked move that reverses this one, if there is any."""
        return await self._books([["origin", "=", origin_of(move)], ["state", "=", POSTED]], deadline)

    async def _described(self, patterns: Sequence[str], deadline: Deadline) -> Books | Failure:
        books = Books(self._target, self._companies, (), ())
        for start in range(0, len(patterns), PATTERNS_PER_CALL):
            some = [["description", "like", pattern] for pattern in patterns[start : start + PATTERNS_PER_CALL]]
            more = await self._books(["OR", *some], deadline)
            if isinstance(more, Failure):
                return more
            books = books.with_more(more)
        return await self._with_reversals(books, deadline) if books.moves else books

    async def _books(self, domain: Domain, deadline: Deadline) -> Books | Failure:
        companies = await self.companies(deadline)
        if isinstance(companies, Failure):
            return companies
        moves = await self._client.read("account.move", MOVE_FIELDS, domain, deadline=deadline)
        if isinstance(moves, Failure):
            return moves
        among = [["move", "in", [move["id"] for move in moves.rows]]]
        if not moves.rows:
            return Books(self._target, companies, (), ())
        lines = await self._client.read("account.move.line", LINE_FIELDS, among, deadline=deadline)
        return lines if isinstance(lines, Failure) else Books(self._target, companies, moves.rows, lines.rows)

    async def _with_reversals(self, books: Books, deadline: Deadline) -> Books | Failure:
        reversals = await self.reversals([move["id"] for move in books.moves], deadline)
        return reversals if isinstance(reversals, Failure) else replace(books, reversals=reversals.rows)

    async def _ask(self, question: Question, deadline: Deadline, **context: Any) -> Reading | Failure:
        return await self._client.read(question.model, question.fields, question.domain, deadline=deadline, **context)
