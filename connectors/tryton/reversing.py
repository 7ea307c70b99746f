"""Reverses postings with Tryton's own wizard, which balances, reconciles and numbers the reversing move."""

from dataclasses import dataclass
from typing import Any

from connectors.contract import Outcome, OutcomeKind, Reversal
from connectors.exchange import outcome_kind_of
from connectors.failures import Failure
from connectors.tryton.client import Answer, Deadline, TrytonClient, unsent
from connectors.tryton.mapping import POSTED, Books
from connectors.tryton.reading import Reader
from connectors.tryton.refusals import failure_of_refusal
from connectors.tryton.wire import Answered, Refusal, Row, at

_WIZARD = "wizard.account.move.cancel"


@dataclass(frozen=True, slots=True)
class Reversing:
    """One reversal on its way into the books."""

    client: TrytonClient
    reader: Reader
    deadline: Deadline

    async def reverse(self, wanted: Reversal) -> Outcome:
        """Return the reversing document; one that is there already is adopted."""
        move = await self._move(wanted)
        if isinstance(move, Failure):
            return _failed(wanted, unsent(move))
        before = await self._reversed(wanted, move)
        if before is not None:
            return before if isinstance(before, Outcome) else _failed(wanted, unsent(before))
        answer = await self._cancel(wanted, move)
        if isinstance(answer, Failure):
            return _failed(wanted, answer)
        after = await self._reversed(wanted, move)
        return after if isinstance(after, Outcome) else _failed(wanted, _reason(answer, after))

    async def _move(self, wanted: Reversal) -> Row | Failure:
        books = await self.reader.labeled([wanted.reference], self.deadline)
        if isinstance(books, Failure):
            return books
        return next(
            (move for move in books.moves if move["state"] == POSTED and _is_meant(wanted, move, books)),
            Failure("rejected_by_target", {"problem": f"it holds no {wanted.posting.number} to reverse"}),
        )

    async def _reversed(self, wanted: Reversal, move: Row) -> Outcome | Failure | None:
        books = await self.reader.reversing(move["id"], self.deadline)
        if isinstance(books, Failure):
            return books
        if not books.moves:
            return None
        posting = books.posting(books.moves[0], wanted.reference, reverses=wanted.posting.number)
        return Outcome(wanted.reference, OutcomeKind.POSTED, posting)

    async def _cancel(self, wanted: Reversal, move: Row) -> Answer:
        """Run the wizard; the warning that a closed period's reversal moves to today's period is accepted."""
        answer = await self._run(wanted, move)
        if isinstance(answer, Refusal) and answer.warning:
            accepted = await self._call("model.res.user.warning.skip", answer.warning, False, move=move)  # noqa: FBT003  (once, not always)
            answer = await self._run(wanted, move) if isinstance(accepted, Answered) else accepted
        return answer

    async def _run(self, wanted: Reversal, move: Row) -> Answer:
        begun = await self._call(f"{_WIZARD}.create", move=move)
        match begun:
            case Answered(value=[int(session), *_]):
                words = {"description": f"Reversal of {wanted.reference}: {wanted.reason}", "reversal": True}
                answer = await self._call(f"{_WIZARD}.execute", session, {"default": words}, "cancel", move=move)
                await self._call(f"{_WIZARD}.delete", session, move=move)
                return answer
            case Failure():
                return unsent(begun)
            case _:
                return begun

    async def _call(self, method: str, *params: Any, move: Row) -> Answer:
        context = {"active_model": "account.move", "active_id": move["id"], "active_ids": [move["id"]]}
        return await self.client.call(method, *params, deadline=self.deadline, company=move["company"], **context)


def _is_meant(wanted: Reversal, move: Row, books: Books) -> bool:
    posting = wanted.posting
    named = (books.companies[move["company"]].code, at(move, "period.fiscalyear.name"), move["number"])
    return bool(named == (posting.company, posting.fiscal_year, posting.number))


def _reason(answer: Answered | Refusal, after: Failure | None) -> Failure:
    """Return why no reversal was read back; what Tryton did is not known before the books say it."""
    if isinstance(answer, Refusal) and after is None:
        return failure_of_refusal(answer)
    return Failure("answer_lost", detail="reversed, but not read back")


def _failed(wanted: Reversal, failure: Failure) -> Outcome:
    return Outcome(wanted.reference, outcome_kind_of(failure), failure=failure)
