"""Books documents: makes drafts, posts them, reads them back; what a batch refuses is tried one by one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.contract import Intent, Outcome, OutcomeKind
from connectors.exchange import outcome_kind_of
from connectors.failures import Failure
from connectors.tryton.checks import problem_of
from connectors.tryton.client import Answer, Deadline, TrytonClient, unsent
from connectors.tryton.ledger import Company, Ledger
from connectors.tryton.mapping import POSTED, Books, found, label_of, move_of
from connectors.tryton.reading import Reader
from connectors.tryton.refusals import failure_of_refusal
from connectors.tryton.wire import Answered, Refusal, Values, is_id_list


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done for a batch: what is settled already, which drafts wait, which moves are new."""

    settled: Mapping[str, Outcome]
    drafts: Mapping[str, int]
    moves: Mapping[str, Values]
    abandoned: Sequence[int]
    """Drafts of documents that are booked already or can no longer be."""


def plan(intents: Sequence[Intent], held: Books, ledger: Ledger) -> Plan:
    """Return the plan: booked documents are adopted, impossible ones refused, left drafts taken up again."""
    postings = held.postings()
    booked = {label.reference: found(label.reference, postings) for label, _ in postings}
    drafts = {
        label.reference: move["id"]
        for move in held.moves
        if move["state"] != POSTED and (label := label_of(move["description"]))
    }
    open_ = [intent for intent in intents if intent.reference not in booked]
    problems = {
        intent.reference: Outcome(intent.reference, OutcomeKind.REJECTED, failure=problem)
        for intent in open_
        if (problem := problem_of(intent, ledger))
    }
    fit = [intent for intent in open_ if intent.reference not in problems]
    return Plan(
        settled=booked | problems,
        drafts={intent.reference: drafts[intent.reference] for intent in fit if intent.reference in drafts},
        moves={intent.reference: move_of(intent, ledger) for intent in fit if intent.reference not in drafts},
        abandoned=[draft for reference, draft in drafts.items() if reference in booked or reference in problems],
    )


class Booking:
    """One batch of one company on its way into the books."""

    def __init__(self, client: TrytonClient, reader: Reader, deadline: Deadline) -> None:
        self._client = client
        self._reader = reader
        self._deadline = deadline

    async def book(self, intents: Sequence[Intent]) -> dict[str, Outcome] | Failure:
        """Return one outcome per reference, or why nothing could be sent."""
        prepared = await self._prepare(intents)
        if isinstance(prepared, Failure):
            return unsent(prepared)
        company, todo = prepared
        drafted = await self._draft(todo.moves, company)
        refused = {reference: answer for reference, answer in drafted.items() if isinstance(answer, Failure)}
        drafts = {reference: answer for reference, answer in drafted.items() if isinstance(answer, int)}
        posted = await self._post({**todo.drafts, **drafts}, company)
        await self._clear(todo.abandoned)
        return {**todo.settled, **{reference: _failed(reference, why) for reference, why in refused.items()}, **posted}

    async def _prepare(self, intents: Sequence[Intent]) -> tuple[Company, Plan] | Failure:
        companies = await self._reader.companies(self._deadline)
        if isinstance(companies, Failure):
            return companies
        code = intents[0].company
        company = next((company for company in companies.values() if company.code == code), None)
        if company is None:
            return Failure("unmapped_legal_entity", {"value": code})
        held = await self._reader.labeled([intent.reference for intent in intents], self._deadline)
        if isinstance(held, Failure):
            return held
        ledger = await self._reader.ledger(company, intents, self._deadline)
        return ledger if isinstance(ledger, Failure) else (company, plan(intents, held, ledger))

    async def _draft(self, moves: Mapping[str, Values], company: Company) -> dict[str, int | Failure]:
        """Make drafts, all or none; where the whole is refused, each for itself."""
        answer = await self._call("create", list(moves.values()), company)
        match answer:
            case Answered(value=ids) if is_id_list(ids) and len(ids) == len(moves):
                return dict(zip(moves, ids, strict=True))
            case Answered():
                return dict.fromkeys(moves, Failure("answer_lost", detail="create returned no ids"))
            case Refusal() if len(moves) > 1:
                singles = [await self._draft({reference: move}, company) for reference, move in moves.items()]
                return {reference: made for single in singles for reference, made in single.items()}
            case Refusal():
                return dict.fromkeys(moves, failure_of_refusal(answer))
            case Failure():
                return dict.fromkeys(moves, answer)

    async def _post(self, drafts: Mapping[str, int], company: Company) -> dict[str, Outcome]:
        """Post drafts and return what the books say then; a draft that Tryton refuses to post is taken away."""
        if not drafts:
            return {}
        answers = await self._answers(drafts, company)
        answered = {name: draft for name, draft in drafts.items() if not isinstance(answers[name], Failure)}
        books = await self._reader.of_moves(list(answered.values()), self._deadline)
        outcomes = {name: _settled(name, answer, books) for name, answer in answers.items()}
        await self._clear([draft for name, draft in answered.items() if outcomes[name].kind is OutcomeKind.REJECTED])
        return outcomes

    async def _answers(self, drafts: Mapping[str, int], company: Company) -> dict[str, Answer]:
        answer = await self._call("post", list(drafts.values()), company)
        if not isinstance(answer, Refusal):
            return dict.fromkeys(drafts, answer)
        return {reference: await self._call("post", [draft], company) for reference, draft in drafts.items()}

    async def _clear(self, drafts: Sequence[int]) -> None:
        """Delete drafts. A draft is no booking, so nothing depends on the answer."""
        if drafts:
            await self._client.call("model.account.move.delete", list(drafts), deadline=self._deadline)

    async def _call(self, method: str, what: Sequence[Any], company: Company) -> Answer:
        if not what:
            return Answered([])
        return await self._client.call(
            f"model.account.move.{method}", what, deadline=self._deadline, company=company.id
        )


def _settled(reference: str, answer: Answer, books: Books | Failure) -> Outcome:
    """Return the outcome of a post: the books come before the answer."""
    if isinstance(answer, Failure):
        return _failed(reference, answer)
    if isinstance(books, Failure):
        return _failed(reference, Failure("answer_lost", detail=f"not read back: {books.detail}"))
    held = found(reference, books.postings())
    if held.kind is OutcomeKind.POSTED:
        return held
    failure = failure_of_refusal(answer) if isinstance(answer, Refusal) else Failure("answer_lost")
    return _failed(reference, failure)


def _failed(reference: str, failure: Failure) -> Outcome:
    return Outcome(reference, outcome_kind_of(failure), failure=failure)
