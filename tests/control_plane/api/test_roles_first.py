"""The role is asked first: who may not do an act learns nothing by what they send."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import httpx
import pytest

from control_plane.domain.access import Grant, Role
from control_plane.domain.identity import public_id
from control_plane.store import connections
from control_plane.store.connections import Configured
from tests.control_plane.api.stand import Stand, exc, txn
from tests.control_plane.api.test_approvals import propose

BECAUSE: Final = {"reason": "It is right so"}
NOWHERE: Final = "nobody-knows-it"
STALE: Final = {"if-match": '"99"'}
EXCEPTION: Final = "/v1/exceptions/{exception_id}"

WRONG: Final[Mapping[str, dict[str, Any]]] = {
    f"{EXCEPTION}/claim": {},
    f"{EXCEPTION}/keep-open": {},
    f"{EXCEPTION}/start-work": {},
    f"{EXCEPTION}/give-back": {},
    f"{EXCEPTION}/defer": {"wake_at": "2001-01-01T00:00:00Z"},
    f"{EXCEPTION}/hand-over": {"team": NOWHERE},
    f"{EXCEPTION}/accept-hand-over": {},
    f"{EXCEPTION}/refuse-hand-over": {},
    f"{EXCEPTION}/retry": {},
    f"{EXCEPTION}/return-to-source": {},
    f"{EXCEPTION}/release": {},
    f"{EXCEPTION}/declare-duplicate": {"transaction_id": public_id("txn", 7)},
    f"{EXCEPTION}/merge": {"into": public_id("exc", 7)},
    f"{EXCEPTION}/un-merge": {},
    f"{EXCEPTION}/close": {},
    f"{EXCEPTION}/comments": {"text": "@nobody"},
    f"{EXCEPTION}/propose-correction": {
        "changes": [{"path": NOWHERE, "before": "", "after": ""}],
        "reason_code": "typing_error",
    },
    f"{EXCEPTION}/propose-hand-posting": {"claimed": "not_posted"},
    "/v1/transactions/{transaction_id}/comments": {"text": "@nobody"},
    "/v1/transactions/{transaction_id}/replay": {"as_of": "then"},
    "/v1/transactions/{transaction_id}/retry-now": {},
    "/v1/causes/{fingerprint}/note": {"text": "It is known"},
    "/v1/causes/{fingerprint}/merge": {"into": NOWHERE},
    "/v1/causes/{fingerprint}/unmerge": {},
    "/v1/failure-rules/propose": {"name": "tax", "code": NOWHERE, "pattern": r"(?P<value>a)\1"},
    "/v1/failure-rules/dry-run": {"name": "tax", "code": NOWHERE, "pattern": r"(?P<value>a)\1"},
    "/v1/bindings/propose": {
        "domain": "period",
        "source_system": NOWHERE,
        "source_key": NOWHERE,
        "erp_key": NOWHERE,
    },
    "/v1/flows/{flow}/policy/propose": {"key": NOWHERE, "value": {}},
    "/v1/routing-rules/propose": {"rules": [{"team": 7, "if": {"moon": "full"}}]},
    "/v1/routing-rules/dry-run": {
        "rules": [{"team": 7}],
        "since": "2026-03-02T00:00:00Z",
        "until": "2026-03-01T00:00:00Z",
    },
    "/v1/group-values/{key}/propose": {"value": {"moon": "full"}},
    "/v1/bulk-operations": {"act": "correct"},
    "/v1/bulk-operations/{operation_id}/start": {},
    "/v1/bulk-operations/{operation_id}/pause": {},
    "/v1/bulk-operations/{operation_id}/resume": {},
    "/v1/bulk-operations/{operation_id}/cancel": {},
    "/v1/approvals/{approval_id}/approve": {"content_sha256": "0" * 64},
    "/v1/approvals/{approval_id}/refuse": {"content_sha256": "0" * 64},
    "/v1/approvals/{approval_id}/withdraw": {},
    "/v1/break-glass": {"role": "admin", "legal_entity_id": "DE01", "minutes": 5, "reason": "Everything stands"},
    "/v1/break-glass/{break_glass_id}/review": {"was_justified": True},
    "/v1/absences": {"person": NOWHERE, "starts_at": "2001-01-02T00:00:00Z", "ends_at": "2001-01-01T00:00:00Z"},
    "/v1/absences/{absence_id}/end": {},
    "/v1/delegations": {
        "person": NOWHERE,
        "to": NOWHERE,
        "starts_at": "2001-01-02T00:00:00Z",
        "ends_at": "2001-01-01T00:00:00Z",
    },
    "/v1/delegations/{delegation_id}/end": {},
    "/v1/people/{login}/propose-access": {"reports_to": NOWHERE, "grants": [{"role": "admin"}, {"role": "admin"}]},
    "/v1/connections/{name}/pause": {},
    "/v1/connections/{name}/resume": {},
    "/v1/connections/{name}/pull": {"stream": NOWHERE},
}
"""By act, what reads well and fits nothing: whoever may do the act would be told what is wrong with it."""

SILENT: Final = frozenset(path for path, body in WRONG.items() if "text" in body or path.endswith("dry-run")) | {
    "/v1/connections/{name}/pull",
    *(f"{EXCEPTION}/{act}" for act in ("claim", "keep-open", "start-work", "give-back", "accept-hand-over")),
}
"""Acts that take no reason."""

OTHERWISE: Final = {
    "/v1/events": "is asked of machines, and tested with what they send",
    "/v1/sign-in-codes/{code}": "is asked before anybody is known",
    "/v1/transactions/lookup": "reads",
    "/v1/exceptions/claim-listed": "has an answer for each line",
    "/v1/exceptions/hand-over-listed": "has an answer for each line",
    "/v1/mentions/{comment_id}/read": "is one's own",
    "/v1/break-glass/{break_glass_id}/give-back": "is one's own",
}
"""Why the other ways to write have no role that could be asked first."""


async def targets(stand: Stand) -> dict[str, str]:
    """Make one of everything that is acted on, and return what stands in the paths for it."""
    row = stand.stuck()
    anna = stand.key(Role.ANALYST, Role.INTEGRATOR, login="anna")
    stand.key(Role.ANALYST, login="ben")
    with stand.database.write() as session:
        connections.register(session, [Configured("concur", "concur", "DE01")])
    now = stand.runtime.now()
    within = {"starts_at": now.isoformat(), "ends_at": (now + timedelta(days=1)).isoformat()}
    emergency = {"role": "approver", "legal_entity_id": "*", "minutes": 1, "reason": "Everything stands still"}

    async def made(path: str, **body: Any) -> dict[str, Any]:
        answer = await client.post(path, json=BECAUSE | body)
        assert answer.status_code == httpx.codes.OK, answer.text
        return dict(answer.json())

    async with stand.client(anna) as client:
        absences = (await made("/v1/absences", **within))["absences"]
        delegations = (await made("/v1/delegations", to="ben", **within))["delegations"]
        glass = await made("/v1/break-glass", **emergency)
        operation = await made("/v1/bulk-operations", act="claim", identifiers=[exc(row)])
    return {
        "exception_id": exc(row),
        "transaction_id": txn(stand.transaction_row(row.transaction_id)),
        "fingerprint": row.fingerprint,
        "flow": NOWHERE,
        "key": "materiality",
        "operation_id": operation["id"],
        "approval_id": public_id("apr", propose(stand, "anna").id),
        "break_glass_id": glass["id"],
        "absence_id": absences[0]["id"],
        "delegation_id": delegations[0]["id"],
        "name": "concur",
        "login": NOWHERE,
    }


@pytest.mark.parametrize("role", [Role.VIEWER, Role.AUDITOR])
async def test_a_role_without_the_right_is_told_so_whatever_it_sends(lite: Stand, role: Role) -> None:
    names, key = await targets(lite), lite.key(role)
    answers = {}
    async with lite.client(key) as client:
        for path, body in WRONG.items():
            said = body if path in SILENT else BECAUSE | body
            answers[path] = await client.post(path.format(**names), json=said, headers=STALE)
    wrong = {path: answer.text for path, answer in answers.items() if answer.status_code != httpx.codes.FORBIDDEN}
    assert wrong == {}


async def test_a_role_of_another_legal_entity_is_told_no_more_than_that(lite: Stand) -> None:
    names = await targets(lite)
    every = [Grant(role, "FR02") for role in Role if role not in {Role.ADMIN, Role.MACHINE}]
    async with lite.client(lite.key(*every)) as client:
        for path in (one for one in WRONG if one.startswith(EXCEPTION) and one not in SILENT):
            answer = await client.post(path.format(**names), json=BECAUSE | WRONG[path], headers=STALE)
            assert answer.status_code == httpx.codes.NOT_FOUND, (path, answer.text)


def test_every_way_to_write_stands_in_one_of_the_two_tables(lite: Stand) -> None:
    written = {path for path, ways in lite.app().openapi()["paths"].items() if "post" in ways}
    assert written == WRONG.keys() | OTHERWISE.keys()
