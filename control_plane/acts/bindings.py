"""Bindings under four eyes: a source's key is put under the ERP's key, and what waited for it goes on by itself."""

from dataclasses import asdict, dataclass
from typing import Final

from connectors.canonical.master_data import Domain, MasterRecord
from control_plane.acts import approvals
from control_plane.acts.approvals import Consequence
from control_plane.acts.door import Hand, NotPossibleError, record, scope_for
from control_plane.domain.access import GROUP, Act
from control_plane.domain.approval import Proposal, named_subject
from control_plane.engine.learn import bind
from control_plane.store import master_data
from control_plane.store.master_data import Binding
from control_plane.store.tables import UNRESOLVED, ApprovalRow

KIND: Final = "binding"

BOUND: Final = frozenset(
    {
        Domain.LEGAL_ENTITY,
        Domain.EMPLOYEE,
        Domain.GL_ACCOUNT,
        Domain.COST_CENTER,
        Domain.PROJECT,
        Domain.TAX_CODE,
    }
)
"""Lists whose keys the documents of a source name in its own words."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Under which key of the ERP a source's key is to stand; a legal entity narrows where the key is looked for."""

    domain: Domain
    source_system: str
    source_key: str
    erp_key: str
    legal_entity: str = ""


def propose(hand: Hand, wish: Wish) -> int:
    """Let a second person decide about a binding, and return the proposal's id.

    Raises:
        NotPossibleError: the ERP has no such active record, or the key stands there already.
        UnknownObjectError, NotAllowedError, AlreadyProposedError: see `approvals.propose`.
    """
    scope_for(hand, Act.PROPOSE)
    found = _record(hand, wish)
    before = _standing(hand, wish.domain, wish.source_system, wish.source_key)
    if before == wish.erp_key:
        raise NotPossibleError(f"{wish.source_key} stands under {before} already.")
    content = asdict(wish) | {"domain": wish.domain.value, "before": before, "erp_name": found.name}
    return approvals.propose(
        hand,
        Proposal(
            KIND,
            named_subject(KIND, wish.domain.value, wish.source_system, wish.source_key),
            content,
            found.legal_entity or GROUP,
            reason_code="binding",
            beneficiary=wish.erp_key if wish.domain is Domain.EMPLOYEE else "",
        ),
    )


def _approved(hand: Hand, row: ApprovalRow) -> None:
    content = dict(row.content)
    before = content.pop("before")
    content.pop("erp_name")
    wish = Wish(**content | {"domain": Domain(content["domain"])})
    if _standing(hand, wish.domain, wish.source_system, wish.source_key) != before:
        raise NotPossibleError("The key was bound elsewhere meanwhile; propose it anew.")
    _record(hand, wish)
    binding = Binding(wish.domain, wish.source_system, wish.source_key, wish.erp_key, _entity(row))
    bind(hand.unit, binding, by=hand.actor.login)
    record(
        hand,
        name="binding.approve",
        object_type="binding",
        object_id=f"{wish.domain.value}/{wish.source_system}/{wish.source_key}",
        legal_entity=row.legal_entity_id,
        before={"erp_key": before},
        after={"erp_key": wish.erp_key},
    )


CONSEQUENCE: Final = Consequence(_approved)


def _entity(row: ApprovalRow) -> str:
    return UNRESOLVED if row.legal_entity_id == GROUP else row.legal_entity_id


def _record(hand: Hand, wish: Wish) -> MasterRecord:
    """Return the active record of the ERP to which the key is bound."""
    if wish.domain not in BOUND:
        raise NotPossibleError("Keys of this list are the ERP's own; there is nothing to bind.")
    found = master_data.active(hand.unit.session, wish.domain, wish.erp_key, wish.legal_entity)
    if found is None:
        raise NotPossibleError(f"The ERP has no active {wish.domain.value.replace('_', ' ')} {wish.erp_key} there.")
    return found


def _standing(hand: Hand, domain: Domain, system: str, key: str) -> str:
    """Return the ERP's key under which the source's key stands now; unbound, it stands for itself."""
    return master_data.every_binding(hand.unit.session).get((domain, system, key), key)
