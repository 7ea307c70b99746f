"""Where an amount is booked: account, cost center, project and tax code, in the speaker's own keys."""

from dataclasses import dataclass

from connectors.canonical.privacy import internal


@dataclass(frozen=True, slots=True)
class Coding:
    """The cost objects of one line. A `_ref` holds the source's key until `bind` puts the ERP's key there."""

    account_ref: str = internal(default="")
    cost_center_ref: str = internal(default="")
    project_ref: str = internal(default="")
    tax_code_ref: str = internal(default="")
    legal_entity_ref: str = internal(default="")
    """The entity of the cost object where it differs from the employee's (intercompany), else empty."""
