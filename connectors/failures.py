"""The catalog of failures: code, kind, a sentence for a controller, the remedy and who owns it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class FailureKind(StrEnum):
    """What happens next is decided by the kind alone."""

    NOT_SENT = "not_sent"
    """Proved that nothing left us: ready again later, full jitter, behind the breaker."""
    TRANSIENT = "transient"
    """The target answered that it could not now: ready again later."""
    RATE_LIMITED = "rate_limited"
    """The target asked for patience: Retry-After, clamped to 1 s .. 1 h."""
    UNKNOWN = "unknown"
    """It may have been booked: in doubt, ask before anything else."""
    REJECTED = "rejected"
    """A business reason: hold or exception to finance operations."""
    CONTRACT = "contract"
    """The words do not fit the agreed schema: integration team, payload kept."""
    CONFIGURATION = "configuration"
    """Our own set-up is wrong: pause the connection, one alert."""
    AUTH = "auth"
    """The credentials are refused: pause the connection, one alert, no hammering."""
    POISON = "poison"
    """It kills a worker: quarantine after three times."""
    DEFECT = "defect"
    """Our own mistake: engineering."""


class Owner(StrEnum):
    """The team that owns an exception by default."""

    FINANCE_OPERATIONS = "finance_operations"
    ERP_TEAM = "erp_team"
    INTEGRATION_PLATFORM = "integration_platform"
    SAAS_ADMINISTRATORS = "saas_administrators"


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """One row of the catalog. Sentence and remedy are templates over the failure's values."""

    kind: FailureKind
    sentence: str
    remedy: str
    owner: Owner


@dataclass(frozen=True, slots=True)
class Failure:
    """Why something did not go on: a catalog code with the values of this case."""

    code: str
    values: Mapping[str, str] = field(default_factory=dict)
    field_path: str = ""
    """Where in the document, such as `lines.3.project`."""
    retry_after_seconds: float | None = None
    detail: str = ""
    """The other side's own words, redacted; evidence for the integration team, never shown as the sentence."""

    @property
    def entry(self) -> CatalogEntry:
        """Return the catalog's row; an unlisted code is our own defect and reads as `unlisted_failure`."""
        return CATALOG.get(self.code, CATALOG["unlisted_failure"])

    @property
    def kind(self) -> FailureKind:
        """Return the kind that decides what happens next."""
        return self.entry.kind


class _Blank(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "?"


UNKNOWN_ANSWER: Final = "unknown_answer"
"""The code of what a target refused in words that nobody knows yet; rules give it a code of its own."""


def unknown_answer(answer_code: str, text: str, field_path: str = "") -> Failure:
    """Return a refusal that no table lists, with the target's own code and text, redacted."""
    kept = redacted(text)
    return Failure(UNKNOWN_ANSWER, {"answer_code": answer_code, "problem": kept.rstrip(". ")}, field_path, detail=kept)


def redacted(text: str) -> str:
    """Return a text's beginning without what names a person's account: mail addresses, bank accounts, cards."""
    return _PRIVATE.sub("***", text[:_LONGEST_TEXT])


_LONGEST_TEXT: Final = 2000
_PRIVATE: Final = re.compile(
    r"[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{1,63}"
    r"|\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}[A-Z0-9 ]{0,3}\b"
    r"|\b(?:[0-9][ -]?){13,19}\b"
)


def sentence_of(failure: Failure, document: Mapping[str, str] | None = None) -> str:
    """Return the sentence for a controller; `document` adds the values every sentence may use.

    Those are `document` (its number or id), `amount`, `entity`, `target`, `source`.
    """
    return failure.entry.sentence.format_map(_Blank({**(document or {}), **failure.values, "code": failure.code}))


def remedy_of(failure: Failure, document: Mapping[str, str] | None = None) -> str:
    """Return what to do about it, filled like the sentence."""
    return failure.entry.remedy.format_map(_Blank({**(document or {}), **failure.values, "code": failure.code}))


_K = FailureKind
_O = Owner


def _row(kind: FailureKind, owner: Owner, sentence: str, remedy: str) -> CatalogEntry:
    return CatalogEntry(kind=kind, sentence=sentence, remedy=remedy, owner=owner)


CATALOG: Final[Mapping[str, CatalogEntry]] = {
    "schema_violation": _row(
        _K.CONTRACT,
        _O.INTEGRATION_PLATFORM,
        "Document {document} does not fit the agreed schema: {problem}.",
        "Ask the administrators of the source to correct the field {field}, then replay the document.",
    ),
    "unreadable_document": _row(
        _K.CONTRACT,
        _O.INTEGRATION_PLATFORM,
        "Document {document} cannot be read: {problem}.",
        "The payload is kept. Compare it with the contract of the source, then replay it.",
    ),
    "correction_outdated": _row(
        _K.CONTRACT,
        _O.FINANCE_OPERATIONS,
        "The correction of document {document} does not fit what its source says today: {problem}.",
        "Correct the document anew, or return it to {source}.",
    ),
    "unknown_currency": _row(
        _K.CONTRACT,
        _O.SAAS_ADMINISTRATORS,
        "Document {document} is in {currency}, which is not an ISO 4217 currency.",
        "Correct the currency at the source and submit the document again.",
    ),
    "inexact_amount": _row(
        _K.CONTRACT,
        _O.SAAS_ADMINISTRATORS,
        "Document {document} has the amount {value}, which {currency} cannot hold exactly.",
        "Correct the amount at the source; Tieout never rounds a document.",
    ),
    "total_mismatch": _row(
        _K.REJECTED,
        _O.FINANCE_OPERATIONS,
        "Document {document} states a total of {amount}, its lines sum to {line_sum}.",
        "Return the document to the source to correct its lines.",
    ),
    "journal_mismatch": _row(
        _K.REJECTED,
        _O.FINANCE_OPERATIONS,
        "Line {line} of document {document} over {amount} does not add up: {problem}.",
        "Return the document to the source to correct the line.",
    ),
    "no_journals": _row(
        _K.REJECTED,
        _O.FINANCE_OPERATIONS,
        "Document {document} over {amount} has no line that could be posted.",
        "Return the document to the source to add its lines.",
    ),
    "missing_binding": _row(
        _K.REJECTED,
        _O.FINANCE_OPERATIONS,
        "{domain_title} {value} of document {document} ({amount}) is not known in the ERP.",
        "Create {value} in the ERP or bind it to an existing key; the document is released by itself.",
    ),
    "inactive_master_data": _row(
        _K.REJECTED,
        _O.FINANCE_OPERATIONS,
        "{domain_title} {value} is inactive in the ERP: document {document} over {amount} cannot be posted.",
        "Reactivate {value} in the ERP (the document is released by itself) or return it to {source} for another one.",
    ),
    "unmapped_legal_entity": _row(
        _K.REJECTED,
        _O.FINANCE_OPERATIONS,
        "Document {document} ({amount}) belongs to legal entity {value}, which the ERP does not know.",
        "Bind {value} to a legal entity of the ERP.",
    ),
    "duplicate_suspect": _row(
        _K.REJECTED,
        _O.FINANCE_OPERATIONS,
        "Document {document} over {amount} looks like {other}: {evidence}.",
        "Compare both. An approver releases it or declares it a duplicate.",
    ),
    "approver_not_authorized": _row(
        _K.REJECTED,
        _O.FINANCE_OPERATIONS,
        "{approver} approved document {document} over {amount}, above the limit of {limit}.",
        "Ask for an approval by {remedy_approver} at the source.",
    ),
    "approval_missing": _row(
        _K.REJECTED,
        _O.FINANCE_OPERATIONS,
        "Document {document} over {amount} has no approval on record.",
        "Return the document to the source for approval.",
    ),
    "budget_exceeded": _row(
        _K.REJECTED,
        _O.FINANCE_OPERATIONS,
        "Document {document} over {amount} exceeds the budget of {value} by {excess}.",
        "Raise the budget or ask an approver to release the document.",
    ),
    "closed_period": _row(
        _K.REJECTED,
        _O.FINANCE_OPERATIONS,
        "Period {value} of {entity} is closed: document {document} over {amount} cannot be posted.",
        "Reopen the period in the ERP (the document is released by itself) or let an approver move the posting date.",
    ),
    "no_open_period": _row(
        _K.REJECTED,
        _O.FINANCE_OPERATIONS,
        "{entity} has no open period for {value}: document {document} over {amount} cannot be posted.",
        "Open a period in the ERP; the document is released by itself.",
    ),
    "no_route": _row(
        _K.REJECTED,
        _O.FINANCE_OPERATIONS,
        "No routing rule says where {value} of {entity} is posted: document {document} over {amount} waits.",
        "Add a row for {entity} and {value} to the routing table.",
    ),
    "rate_implausible": _row(
        _K.REJECTED,
        _O.FINANCE_OPERATIONS,
        "Line {line} of document {document} uses the rate {rate} from {currency}; the ECB's reference is {reference}.",
        "Compare the rate at the source; the document is posted as the source approved it.",
    ),
    "limit_not_comparable": _row(
        _K.REJECTED,
        _O.FINANCE_OPERATIONS,
        "The limit of {approver} is in {currency}: document {document} over {amount} could not be compared with it.",
        "Add the rate to the group's rate set, or look at the approval yourself.",
    ),
    "approver_unknown": _row(
        _K.REJECTED,
        _O.FINANCE_OPERATIONS,
        "{approver}, who approved document {document} over {amount}, does not stand in the ERP's approval hierarchy.",
        "Add {approver} to the approval hierarchy, or ask for another approval at the source.",
    ),
    "posting_window_closed": _row(
        _K.REJECTED,
        _O.FINANCE_OPERATIONS,
        "{entity} takes no postings now: document {document} over {amount} waits until {until}.",
        "Nothing to do: it is posted when the window opens.",
    ),
    "no_control_account": _row(
        _K.REJECTED,
        _O.FINANCE_OPERATIONS,
        "No control account is set for {value} of {entity}: document {document} over {amount} waits.",
        "Add the account for {value} to the control accounts of {entity}.",
    ),
    "split_route": _row(
        _K.REJECTED,
        _O.FINANCE_OPERATIONS,
        "The routing table sends parts of document {document} over {amount} to {value}: one document has one target.",
        "Let all reimbursement types of {entity} go to one target.",
    ),
    "intercompany": _row(
        _K.REJECTED,
        _O.FINANCE_OPERATIONS,
        "Document {document} over {amount} of {entity} charges cost objects of {value}; both books must be posted.",
        "Post it in both entities by hand, or return it to {source} to split it.",
    ),
    "test_document": _row(
        _K.REJECTED,
        _O.SAAS_ADMINISTRATORS,
        "Document {document} is a test document and never reaches a productive ERP.",
        "Nothing to do; it stays cancelled.",
    ),
    "changed_after_post": _row(
        _K.REJECTED,
        _O.FINANCE_OPERATIONS,
        "Document {document} was posted as {other} and came again over {amount}.",
        "Reverse {other} and release the new version, or return it to the source.",
    ),
    "recalled_after_post": _row(
        _K.REJECTED,
        _O.FINANCE_OPERATIONS,
        "Document {document} over {amount} was recalled after it had been posted as {other}.",
        "Reverse {other} in the ERP, by Tieout or by hand.",
    ),
    "payment_without_posting": _row(
        _K.REJECTED,
        _O.FINANCE_OPERATIONS,
        "The ERP reports a payment of {amount} for {document}, which no source ever approved.",
        "Find out what was paid; Tieout has no posting for it.",
    ),
    "rejected_by_target": _row(
        _K.REJECTED,
        _O.ERP_TEAM,
        "{target} refused document {document} over {amount}: {problem}.",
        "Correct what the message names, then retry.",
    ),
    "tax_refused": _row(
        _K.REJECTED,
        _O.ERP_TEAM,
        "{target} refused the tax of document {document} over {amount}: {problem}.",
        "Complete the tax set-up in {target}, then retry everything that it refused.",
    ),
    "unbalanced": _row(
        _K.DEFECT,
        _O.INTEGRATION_PLATFORM,
        "The posting for document {document} does not balance.",
        "A mapping is wrong; do not retry before it is corrected.",
    ),
    "nothing_to_book": _row(
        _K.DEFECT,
        _O.INTEGRATION_PLATFORM,
        "Document {document} over {amount} went out without anything to book.",
        "A mapping is wrong; nothing was sent. Correct it, then retry.",
    ),
    "access_denied": _row(
        _K.CONFIGURATION,
        _O.ERP_TEAM,
        "{target} does not allow the connection's user to post document {document}.",
        "Grant the right in {target}, then resume the connection.",
    ),
    "reference_conflict": _row(
        _K.REJECTED,
        _O.ERP_TEAM,
        "{target} holds {other} under the reference of document {document}, and it differs: {problem}.",
        "Compare both; an approver adopts the posting or declares it failed.",
    ),
    "hand_posting_differs": _row(
        _K.REJECTED,
        _O.FINANCE_OPERATIONS,
        "Document {document} over {amount} was said to be posted by hand as {other}, and {target} shows otherwise: "
        "{problem}.",
        "Look in {target} and name the right number, or let the document go on.",
    ),
    "found_twice": _row(
        _K.REJECTED,
        _O.ERP_TEAM,
        "{target} holds document {document} over {amount} more than once: {other}.",
        "Reverse the surplus posting in {target}.",
    ),
    "cannot_be_asked": _row(
        _K.UNKNOWN,
        _O.FINANCE_OPERATIONS,
        "Nobody knows whether document {document} over {amount} arrived: {target} cannot be asked.",
        "Look in {target} and enter its posting number, or declare it failed. An approver confirms.",
    ),
    "connection_refused": _row(
        _K.NOT_SENT,
        _O.ERP_TEAM,
        "{target} cannot be reached; document {document} was not sent.",
        "Nothing to do: it is sent again by itself.",
    ),
    "worker_stopped": _row(
        _K.POISON,
        _O.INTEGRATION_PLATFORM,
        "Whoever sends document {document} over {amount} to {target} stops; after several times it was put aside.",
        "It is proved not to be booked. Look in the logs for what stops, then send it again or return it.",
    ),
    "reader_stopped": _row(
        _K.POISON,
        _O.INTEGRATION_PLATFORM,
        "Whoever reads document {document} stops; after several times it was put aside.",
        "Look in the logs for what stops, and correct that before you retry it; or return it.",
    ),
    "not_sent_in_time": _row(
        _K.NOT_SENT,
        _O.INTEGRATION_PLATFORM,
        "Document {document} was not sent to {target} within its turn.",
        "Nothing to do: it is sent by itself.",
    ),
    "answer_lost": _row(
        _K.UNKNOWN,
        _O.ERP_TEAM,
        "{target} did not answer clearly; document {document} over {amount} may have arrived.",
        "Nothing to do: {target} is asked by itself.",
    ),
    "temporarily_unavailable": _row(
        _K.TRANSIENT,
        _O.ERP_TEAM,
        "{target} is temporarily unavailable; document {document} waits.",
        "Nothing to do: it is sent again by itself.",
    ),
    "rate_limited": _row(
        _K.RATE_LIMITED,
        _O.INTEGRATION_PLATFORM,
        "{target} allows no more calls for now; document {document} waits.",
        "Nothing to do: it is sent again by itself.",
    ),
    "credentials_refused": _row(
        _K.AUTH,
        _O.INTEGRATION_PLATFORM,
        "{target} refuses our credentials; everything for it waits.",
        "Renew the credentials of the connection, then resume it.",
    ),
    "call_too_large": _row(
        _K.CONTRACT,
        _O.INTEGRATION_PLATFORM,
        "{target} refuses document {document} over {amount}: the call is too large.",
        "Lower the batch of the connection or raise the limit of {target}, then retry.",
    ),
    "already_booked": _row(
        _K.UNKNOWN,
        _O.ERP_TEAM,
        "{target} says that it holds document {document} over {amount} already; it is asked for its number.",
        "Nothing to do: {target} is asked by itself.",
    ),
    "still_undecided": _row(
        _K.UNKNOWN,
        _O.ERP_TEAM,
        "{target} took document {document} over {amount} and has not decided about it yet.",
        "Nothing to do: {target} is asked by itself.",
    ),
    "wrong_address": _row(
        _K.CONFIGURATION,
        _O.INTEGRATION_PLATFORM,
        "{target} does not know the address that the connection uses; document {document} waits.",
        "Correct the URL or the version of the connection, then resume it.",
    ),
    "nothing_to_pull": _row(
        _K.CONFIGURATION,
        _O.INTEGRATION_PLATFORM,
        "Nothing can be pulled from {target}: it sends its events to us.",
        "Plan no sync run for the connection.",
    ),
    "retry_horizon_past": _row(
        _K.REJECTED,
        _O.FINANCE_OPERATIONS,
        "Document {document} over {amount} could not be delivered to {target} since {since}.",
        "Find out why {target} does not take it, then retry or return it to the source.",
    ),
    "confirmation_refused": _row(
        _K.REJECTED,
        _O.SAAS_ADMINISTRATORS,
        "{source} refused our confirmation for document {document}: {problem}.",
        "Compare the document's status at {source} with ours.",
    ),
    UNKNOWN_ANSWER: _row(
        _K.REJECTED,
        _O.INTEGRATION_PLATFORM,
        "{target} refused document {document} over {amount} in words that nobody knows yet, {answer_code}: {problem}.",
        "Correct what the words name, then retry. A failure rule gives them a code that says what to do.",
    ),
    "unlisted_failure": _row(
        _K.DEFECT,
        _O.INTEGRATION_PLATFORM,
        "Document {document} over {amount} failed with {code}, which the catalog does not list.",
        "Add the code to the catalog; the raw answer is kept with the attempt.",
    ),
}
