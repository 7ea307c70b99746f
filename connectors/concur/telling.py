"""What we tell the platform about its documents, and the receipt for each."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from connectors.concur.answers import ACKNOWLEDGEMENT, PAYMENT, POSTING, Question, is_unacknowledged, later, receipt_of
from connectors.concur.client import Answers, FisClient
from connectors.concur.handover import document_key_of, is_recall
from connectors.concur.requests import PAYMENT_STATUS, payment_confirmation, posting_confirmation
from connectors.concur.wire import DocType, DocumentKey
from connectors.contract import Confirmation, Receipt, ReceiptStatus
from connectors.failures import Failure


@dataclass(frozen=True, slots=True)
class _Told:
    """One confirmation with its place in what we were asked to tell."""

    place: int
    key: DocumentKey
    confirmation: Confirmation

    @property
    def is_payment(self) -> bool:
        return self.confirmation.kind in PAYMENT_STATUS


async def acknowledged(client: FisClient, source_document_ids: Sequence[str]) -> list[Receipt]:
    """Take documents out of their queues; one receipt per id, in order. Recalls need no acknowledgement."""
    answered: dict[str, Receipt] = {}
    keys = [document_key_of(each) for each in source_document_ids if not is_recall(each)]
    for doc_type, group in _by_queue(keys).items():
        answers = await client.acknowledge(doc_type, [key.doc_id for key in group])
        answered |= {str(key): _receipt(key, answers, ACKNOWLEDGEMENT) for key in group}
    return [answered.get(each) or Receipt(each, ReceiptStatus.DONE) for each in source_document_ids]


async def confirmed(client: FisClient, confirmations: Sequence[Confirmation]) -> list[Receipt]:
    """Tell what became of documents, postings before payments; one receipt per confirmation, in order."""
    receipts: dict[int, Receipt] = {}
    for group in _calls_of(confirmations):
        told = await (_paid(client, group) if group[0].is_payment else _posted(client, group))
        receipts |= zip((each.place for each in group), told, strict=True)
    return [receipts[place] for place in range(len(confirmations))]


async def _paid(client: FisClient, group: Sequence[_Told]) -> list[Receipt]:
    items = [payment_confirmation(each.key.doc_id, each.confirmation) for each in group]
    answers = await client.confirm_payments(group[0].key.doc_type, items)
    return [_receipt(each.key, answers, PAYMENT) for each in group]


async def _posted(client: FisClient, group: Sequence[_Told]) -> list[Receipt]:
    items = [posting_confirmation(each.key.doc_id, each.confirmation) for each in group]
    answers = await client.confirm_postings(group[0].key.doc_type, items)
    receipts = [_receipt(each.key, answers, POSTING) for each in group]
    return receipts if isinstance(answers, Failure) else await _caught_up(client, receipts, answers)


async def _caught_up(client: FisClient, receipts: Sequence[Receipt], answers: Answers) -> list[Receipt]:
    """Acknowledge what the platform does not know to be ours yet; its confirmation follows later."""
    unknown = [each.source_document_id for each in receipts if _is_unacknowledged(each, answers)]
    taken = await acknowledged(client, unknown)
    recalled = {each.source_document_id for each in taken if each.status is ReceiptStatus.RECALLED}
    return [
        replace(each, status=ReceiptStatus.RECALLED, failure=None) if each.source_document_id in recalled else each
        for each in receipts
    ]


def _by_queue(keys: Iterable[DocumentKey]) -> Mapping[DocType, list[DocumentKey]]:
    queues: defaultdict[DocType, list[DocumentKey]] = defaultdict(list)
    for key in dict.fromkeys(keys):
        queues[key.doc_type].append(key)
    return queues


def _calls_of(confirmations: Sequence[Confirmation]) -> list[list[_Told]]:
    """Return the confirmations in calls: one queue and one kind each, no document twice in one call."""
    calls: defaultdict[tuple[bool, int, DocType], list[_Told]] = defaultdict(list)
    turns: Counter[tuple[DocumentKey, bool]] = Counter()
    for place, confirmation in enumerate(confirmations):
        told = _Told(place, document_key_of(confirmation.source_document_id), confirmation)
        calls[told.is_payment, turns[told.key, told.is_payment], told.key.doc_type].append(told)
        turns[told.key, told.is_payment] += 1
    return [calls[call] for call in sorted(calls)]


def _receipt(key: DocumentKey, answers: Answers | Failure, question: Question) -> Receipt:
    if isinstance(answers, Failure):
        return later(str(key), answers)
    return receipt_of(str(key), answers.get(key.doc_id), question)


def _is_unacknowledged(receipt: Receipt, answers: Answers) -> bool:
    return is_unacknowledged(answers.get(document_key_of(receipt.source_document_id).doc_id))
