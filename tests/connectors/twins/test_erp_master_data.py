"""The sandbox ERP tells its master data in deltas that miss nothing."""

from typing import Any

import pytest

from connectors.twins.erp.catalog import DOMAINS
from connectors.twins.erp.master_data import Seed, cost_center_of, items, limit_of, manager_of
from tests.connectors.twins.in_process import Twin


async def everything(erp: Twin, domain: str, **query: object) -> list[dict[str, Any]]:
    page = await erp.get(f"/v1/master-data/{domain}", **query)
    found: list[dict[str, Any]] = page["items"]
    for _ in range(100):
        if page["next_cursor"] is None:
            return found
        page = await erp.get(f"/v1/master-data/{domain}", cursor=page["next_cursor"], limit=query.get("limit", 200))
        found += page["items"]
    raise AssertionError("The pages do not end")


@pytest.mark.parametrize(
    ("domain", "count"),
    [("legal_entity", 3), ("project", 40), ("employee", 500), ("approval_hierarchy", 500), ("period", 792)],
)
async def test_a_domain_is_read_in_pages_without_gap_or_double(erp: Twin, domain: str, count: int) -> None:
    codes = [item["code"] for item in await everything(erp, domain, limit=97)]

    assert len(codes) == len(set(codes)) == count


async def test_no_two_items_share_a_moment(erp: Twin) -> None:
    moments = [item["modified_at"] for domain in DOMAINS for item in await everything(erp, domain, limit=1000)]

    assert len(moments) == len(set(moments))


async def test_exactly_one_project_is_inactive(erp: Twin) -> None:
    projects = await everything(erp, "project")

    assert [item["code"] for item in projects if not item["active"]] == ["P-13"]


async def test_a_change_is_the_only_thing_in_the_next_delta(erp: Twin) -> None:
    watermark = (await erp.get("/v1/master-data/project", limit=1000))["watermark"]
    assert (await erp.get("/v1/master-data/project", since=watermark))["items"] == []

    await erp.patch("/twin/master-data/project/P-13", {"active": True})
    page = await erp.get("/v1/master-data/project", since=watermark)

    assert [(item["code"], item["active"], item["version"]) for item in page["items"]] == [("P-13", True, 2)]
    assert (await erp.get("/v1/master-data/project", since=page["watermark"]))["watermark"] == page["watermark"]


async def test_changes_in_one_instant_keep_their_order(erp: Twin) -> None:
    watermark = (await erp.get("/v1/master-data/project", limit=1000))["watermark"]
    for code in ("P-02", "P-01", "P-03"):
        await erp.patch(f"/twin/master-data/project/{code}", {"name": "New"})

    changed = await everything(erp, "project", since=watermark, limit=1)

    assert [item["code"] for item in changed] == ["P-02", "P-01", "P-03"]


async def test_attributes_are_merged(erp: Twin) -> None:
    item = await erp.patch("/twin/master-data/period/1000-ap-2026-11", {"attributes": {"status": "closed"}})

    assert (item["attributes"]["status"], item["attributes"]["subledger"]) == ("closed", "ap")


async def test_a_new_item_appears_in_the_delta(erp: Twin) -> None:
    watermark = (await erp.get("/v1/master-data/cost_center", limit=1000))["watermark"]
    await erp.post("/twin/master-data/cost_center", {"code": "CC-1099", "name": "New", "company": "1000"})

    assert [item["code"] for item in await everything(erp, "cost_center", since=watermark)] == ["CC-1099"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/master-data/weather", 404),
        ("/v1/master-data/project?cursor=%3F", 400),
        ("/v1/master-data/project?since=yesterday", 400),
        ("/v1/master-data/project?limit=0", 400),
    ],
)
async def test_what_cannot_be_read_is_refused(erp: Twin, path: str, status: int) -> None:
    assert (await erp.client.get(path)).status_code == status


async def test_an_unknown_item_cannot_be_changed(erp: Twin) -> None:
    assert (await erp.client.patch("/twin/master-data/project/P-99", json={"active": True})).status_code == 404
    assert (await erp.client.patch("/twin/master-data/project/P-01", json={"colour": 1})).status_code == 422
    assert (await erp.client.post("/twin/master-data/weather", json={"code": "x", "name": "x"})).status_code == 404


def test_every_manager_stands_above_and_in_the_same_company() -> None:
    for employee in range(3, 500):
        manager = manager_of(employee)
        assert manager is not None
        assert manager < employee
        assert manager % 3 == employee % 3
    assert [limit_of(employee) for employee in (0, 3, 30, 120)] == [None, "25000.00", "5000.00", "0.00"]


def test_the_seed_chooses_what_is_closed_and_inactive() -> None:
    seed = Seed(inactive_projects=frozenset({"P-01"}), closed_months=frozenset({"2017-05"}))
    found = list(items(seed))

    assert [item.code for item in found if item.domain == "project" and not item.active] == ["P-01"]
    closed = [item for item in found if item.domain == "period" and item.attributes["status"] == "closed"]
    assert len(closed) == 6
    assert {item.code for item in found if item.domain == "cost_center"} >= {cost_center_of(n) for n in range(500)}
