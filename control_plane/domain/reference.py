"""Business references: our stable keys in the target, short enough to read out."""

import re
from hashlib import sha256
from typing import Final

from connectors.canonical.party import Payer

MAX_LENGTH: Final = 60
"""A reference with the longest part suffix fits into the text fields of the ERPs we know."""

_UNUSUAL: Final = re.compile(r"[^A-Za-z0-9._]+")
_PART_LENGTH: Final = 20
_DIGEST_LENGTH: Final = 8
_SUFFIX_LENGTH: Final = 10

PART_OF: Final[dict[tuple[Payer, Payer], str]] = {
    (Payer.COMPANY, Payer.EMPLOYEE): "",
    (Payer.COMPANY, Payer.COMPANY_BILLED_CARD): "/cbc",
    (Payer.COMPANY, Payer.INDIVIDUALLY_BILLED_CARD): "/ibc",
    (Payer.COMPANY, Payer.COMPANY_PAID): "/paid",
    (Payer.COMPANY, Payer.CASH_ADVANCE): "/adv",
    (Payer.EMPLOYEE, Payer.COMPANY): "/owed",
}
"""Suffix of an ERP document by its payer and payee; it depends on nothing else, so that it never changes."""

_SHORT: Final = {
    Payer.COMPANY: "co",
    Payer.EMPLOYEE: "emp",
    Payer.COMPANY_BILLED_CARD: "cbc",
    Payer.INDIVIDUALLY_BILLED_CARD: "ibc",
    Payer.COMPANY_PAID: "paid",
    Payer.CASH_ADVANCE: "adv",
}


def business_reference(flow_code: str, legal_entity: str, source_system: str, source_id: str, version: int) -> str:
    """Return the key of one version of one business object, such as `EXR-1000-concur-0C45F960C3-1`.

    Parts that are long or hold unusual characters are shortened; a digest of all of them keeps the key unique.
    """
    parts = (flow_code, legal_entity, source_system, source_id)
    short = [_UNUSUAL.sub("", part)[:_PART_LENGTH] for part in parts]
    room = MAX_LENGTH - _SUFFIX_LENGTH - len(f"-{version}")
    text = "-".join(short)
    if tuple(short) == parts and len(text) <= room:
        return f"{text}-{version}"
    digest = sha256("\x1f".join(parts).encode()).hexdigest()[:_DIGEST_LENGTH]
    return f"{text[: room - _DIGEST_LENGTH - 1]}-{digest}-{version}"


def part_reference(reference: str, payer: Payer, payee: Payer) -> str:
    """Return the key of one of the ERP documents that a version needs: what the employee is paid has no suffix."""
    suffix = PART_OF.get((payer, payee))
    return f"{reference}/{_SHORT[payer]}-{_SHORT[payee]}" if suffix is None else f"{reference}{suffix}"
