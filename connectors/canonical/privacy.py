"""Privacy classes: every canonical field has one, and masking, logs and exports obey it."""

from dataclasses import MISSING, Field, field, fields
from enum import StrEnum
from typing import Any, Final


class PrivacyClass(StrEnum):
    """Who may see a field."""

    PUBLIC = "public"
    INTERNAL = "internal"
    CONFIDENTIAL = "confidential"
    RESTRICTED = "restricted"


class PrivacyCategory(StrEnum):
    """Why a field is protected."""

    NONE = "none"
    BANK = "bank"
    TAX = "tax"
    PERSONAL = "personal"
    REIMBURSEMENT = "reimbursement"
    COMMERCIAL = "commercial"
    SECRET = "secret"  # noqa: S105  (a category's name, no password)


_KEY: Final = "privacy"


def classified(
    privacy: PrivacyClass,
    category: PrivacyCategory = PrivacyCategory.NONE,
    *,
    default: Any = MISSING,  # any field's own type
) -> Any:  # dataclasses.field is typed by its default
    """Return a dataclass field that carries its privacy class and category."""
    metadata = {_KEY: (privacy, category)}
    return field(metadata=metadata) if default is MISSING else field(default=default, metadata=metadata)


def internal(*, default: Any = MISSING) -> Any:  # see classified
    """Return a field that everybody inside may see."""
    return classified(PrivacyClass.INTERNAL, default=default)


def personal(*, default: Any = MISSING) -> Any:  # see classified
    """Return a field that tells something about a person."""
    return classified(PrivacyClass.CONFIDENTIAL, PrivacyCategory.PERSONAL, default=default)


def reimbursement(*, default: Any = MISSING) -> Any:  # see classified
    """Return a field that tells what a person is paid."""
    return classified(PrivacyClass.CONFIDENTIAL, PrivacyCategory.REIMBURSEMENT, default=default)


def privacy_of(vocabulary: type, name: str) -> tuple[PrivacyClass, PrivacyCategory]:
    """Return the privacy class and category of a canonical field.

    Raises:
        LookupError: the type has no such field, or the field has no class.
    """
    found: Field[Any] | None = next((item for item in fields(vocabulary) if item.name == name), None)
    if found is None or _KEY not in found.metadata:
        message = f"{vocabulary.__name__}.{name} has no privacy class"
        raise LookupError(message)
    privacy: tuple[PrivacyClass, PrivacyCategory] = found.metadata[_KEY]
    return privacy
