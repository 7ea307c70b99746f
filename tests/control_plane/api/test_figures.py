"""The ledger, service levels and alerts over HTTP."""

from datetime import timedelta

from sqlmodel import select

from control_plane.domain.access import Grant, Role
from control_plane.domain.transaction import Reason, State
from control_plane.store import connections, incarnations, lineage, runs
from control_plane.store.connections import Configured
from control_plane.store.incarnations import Start
from control_plane.store.runs import Schedule
from control_plane.store.tables import LedgerBalanceRow
from tests.control_plane.api.stand import CONFIRMING, FLOW, Stand, minor_of


async def test_the_ledger_shows_every_cent_in_its_place(stand: Stand) -> None:
    stand.document(State.READY, amount_minor=100, group_minor=100)
    stand.document(State.FAILED, Reason.CONTRACT, amount_minor=-30, group_minor=-30)
    stand.document(State.POSTED, amount_minor=1_000, group_minor=1_000)
    stand.document(State.CANCELLED, Reason.RECALLED, amount_minor=5, group_minor=5)
    stand.document(State.POSTED, amount_minor=700, group_minor=None, currency="JPY")
    async with stand.client(stand.key(Role.CONTROLLER)) as client:
        ledger = (await client.get("/v1/ledger")).json()
    euro, yen = ledger["items"]
    minor = {place: euro[place]["minor"] for place in ("received", "in_progress", "blocked", "posted", "withdrawn")}
    assert minor == {"received": 1_075, "in_progress": 100, "blocked": -30, "posted": 1_000, "withdrawn": 5}
    assert (euro["received"]["positive_minor"], euro["received"]["negative_minor"]) == (1_105, -30)
    assert (euro["is_balanced"], euro["difference"]["count"], ledger["is_balanced"]) == (True, 0, True)
    assert (yen["received"]["decimal"], yen["received"]["group"]) == ("700", None)
    assert ledger["open"]["group"]["decimal"] == "0.70"
    assert ledger["oldest_open_at"] is not None


async def test_a_ledger_that_does_not_add_up_says_so(stand: Stand) -> None:
    stand.document(State.READY, amount_minor=100)
    with stand.database.write() as session:
        for row in session.exec(select(LedgerBalanceRow).where(LedgerBalanceRow.state == "ready")):
            row.count, row.positive_minor = 0, 0
    async with stand.client(stand.key(Role.CONTROLLER)) as client:
        ledger = (await client.get("/v1/ledger")).json()
    assert ledger["is_balanced"] is False
    assert (ledger["unexplained"]["count"], ledger["unexplained"]["by_currency"][0]["minor"]) == (1, 100)


async def test_the_ledger_is_told_as_it_stood_on_a_day(stand: Stand) -> None:
    stand.document(State.READY, amount_minor=100)
    yesterday = stand.runtime.now().date()
    stand.runtime.advance(timedelta(days=1))
    stand.document(State.POSTED, amount_minor=900)
    async with stand.client(stand.key(Role.CONTROLLER)) as client:
        before = (await client.get("/v1/ledger", params={"day": yesterday.isoformat()})).json()
        now = (await client.get("/v1/ledger")).json()
        earlier = (await client.get("/v1/ledger", params={"day": "2020-01-01"})).json()
    assert [line["received"]["minor"] for line in before["items"]] == [100]
    assert [line["received"]["minor"] for line in now["items"]] == [1_000]
    assert earlier["items"] == []


async def test_the_ledger_is_filtered_and_cut_by_cohort_and_scope(lite: Stand) -> None:
    lite.document(State.READY, cohort="2026-02")
    lite.document(State.READY, cohort="2026-03")
    lite.document(State.READY, legal_entity_id="FR02")
    async with lite.client(lite.key(Role.CONTROLLER)) as client:
        by_cohort = (await client.get("/v1/ledger", params={"by_cohort": "true", "legal_entity_id": "DE01"})).json()
        one = (await client.get("/v1/ledger", params={"cohort": "2026-02"})).json()
    async with lite.client(lite.key(Grant(Role.VIEWER, "FR02"))) as client:
        french = (await client.get("/v1/ledger")).json()
    assert [line["cohort"] for line in by_cohort["items"]] == ["2026-02", "2026-03"]
    assert one["received"]["count"] == 1
    assert [line["legal_entity_id"] for line in french["items"]] == ["FR02"]


async def test_a_place_is_drilled_to_its_states_and_reasons(stand: Stand) -> None:
    stand.document(State.ON_HOLD, Reason.MASTER_DATA)
    stand.document(State.ON_HOLD, Reason.PERIOD)
    stand.document(State.POSTED)
    async with stand.client(stand.key(Role.CONTROLLER)) as client:
        blocked = (await client.get("/v1/ledger/states", params={"place": "blocked"})).json()["items"]
        every = (await client.get("/v1/ledger/states")).json()["items"]
    assert [(one["state"], one["reason"]) for one in blocked] == [("on_hold", "master_data"), ("on_hold", "period")]
    assert len(every) == 3


async def test_slas_show_breaches_first_and_attainment(stand: Stand) -> None:
    stand.document(State.READY, legal_entity_id="AT03")
    stand.document(State.FAILED, legal_entity_id="DE01", sla_status="breached", sla_next_at=None)
    stand.document(State.READY, legal_entity_id="DE01", sla_status="at_risk")
    for status in ("on_time", "on_time", "on_time", "breached"):
        stand.document(State.POSTED, legal_entity_id="AT03", sla_status=status, sla_next_at=None)
    async with stand.client(stand.key(Role.CONTROLLER)) as client:
        slas = (await client.get("/v1/slas")).json()
    german, austrian = slas["items"]
    assert (german["legal_entity_id"], german["breached"]["count"], german["at_risk"]["count"]) == ("DE01", 1, 1)
    assert (german["attainment"], austrian["attainment"]) == (None, 0.75)
    assert (austrian["settled_count"], austrian["settled_late_count"]) == (4, 1)
    assert (slas["breached"]["count"], slas["attainment"]) == (1, 0.75)


async def test_no_total_sums_documents_with_their_confirmations(stand: Stand) -> None:
    for flow in (FLOW, CONFIRMING):
        stand.document(State.FAILED, Reason.REJECTED, flow=flow, sla_status="breached", sla_next_at=None)
        stand.document(State.READY, flow=flow, sla_status="at_risk")
        stand.document(State.POSTED, flow=flow, sla_status="breached", sla_next_at=None)
    async with stand.client(stand.key(Role.CONTROLLER)) as client:
        slas = (await client.get("/v1/slas")).json()
        ledger = (await client.get("/v1/ledger")).json()
        states = (await client.get("/v1/ledger/states", params={"place": "blocked"})).json()["items"]
        confirming = (await client.get("/v1/slas", params={"flow": CONFIRMING})).json()
        metrics = (await client.get("/metrics")).text
    assert len(slas["items"]) == len(ledger["items"]) == 2
    assert [minor_of(slas[name]) for name in ("breached", "at_risk")] == [41_250, 41_250]
    assert [minor_of(ledger[name]) for name in ("received", "open")] == [123_750, 82_500]
    assert [(one["flow"], minor_of(one["totals"])) for one in states] == [(FLOW, 41_250), (CONFIRMING, 41_250)]
    assert (minor_of(confirming["breached"]), confirming["attainment"]) == (41_250, 0.0)
    assert f'tieout_blocked_amount{{currency="EUR",flow="{FLOW}",legal_entity="DE01"}} 412.5' in metrics


async def test_alerts_tell_what_is_wrong_with_amount_owner_and_link(stand: Stand) -> None:
    now = stand.runtime.now()
    stand.document(State.FAILED, Reason.REJECTED, sla_status="breached", sla_next_at=None)
    stand.document(State.IN_DOUBT)
    stand.document(State.READY, flow=CONFIRMING, target="concur")
    with stand.database.write() as session:
        connections.register(session, [Configured("erp", "sandbox_erp"), Configured("concur", "concur")])
        connections.pause(session, "erp", reason="failure", failure="credentials_refused", now=now)
        connections.heard(session, "concur", failure="concur cannot be reached", now=now)
        runs.set_schedules(session, [Schedule("concur", "expense_reports", timedelta(minutes=1))])
        runs.move_cursor(session, "concur", "expense_reports", "7", now=now - timedelta(hours=1))
    async with stand.client(stand.key(Role.VIEWER)) as client:
        answer = (await client.get("/v1/alerts")).json()
    told = {one["name"]: one for one in answer["items"]}
    assert told.keys() == {
        "no_worker",
        "sla_breached",
        "in_doubt",
        "failed",
        "connection_paused",
        "connection_failing",
        "stream_stale",
    }
    assert told["sla_breached"]["sentence"] == "1 document, 412.50 EUR, past the due time in DE01."
    assert told["failed"]["totals"]["group"]["decimal"] == "412.50"
    assert told["in_doubt"]["link"] == f"/exceptions?flow={FLOW}&legal_entity_id=DE01"
    assert told["connection_paused"]["sentence"] == "erp refuses our credentials; everything for it waits."
    assert told["connection_paused"]["totals"]["count"] == 2
    assert told["connection_failing"]["totals"]["count"] == 2
    assert [one["severity"] for one in answer["items"]].index("warning") == 4
    assert answer["freshness"] == {
        "read_at": "2026-03-16T08:00:00Z",
        "connection": "concur",
        "stream": "expense_reports",
        "is_stale": True,
    }


async def test_where_all_is_well_there_is_no_alert(lite: Stand) -> None:
    lite.document(State.POSTED)
    with lite.database.write() as session:
        start = Start("embedded", "host", 1)
        incarnations.register(session, lite.runtime.ids.draw(), start, slot=0, now=lite.runtime.now())
    async with lite.client(lite.key(Role.VIEWER)) as client:
        assert (await client.get("/v1/alerts")).json()["items"] == []
        assert (await client.get("/v1/health")).json()["is_ok"] is True


async def test_the_metrics_are_told_from_the_same_figures(stand: Stand) -> None:
    stand.stuck()
    stand.document(State.IN_DOUBT, amount_minor=1_000)
    with stand.database.write() as session:
        connections.register(session, [Configured("erp", "sandbox_erp")])
        connections.heard(session, "erp", failure="", now=stand.runtime.now())
        runs.move_cursor(session, "erp", "projects", "1", now=stand.runtime.now())
        start = Start("worker", "host", 1)
        incarnations.register(session, stand.runtime.ids.draw(), start, slot=0, now=stand.runtime.now())
        lineage.advance(session, "confirm", (0, 0), now=stand.runtime.now())
    stand.runtime.advance(timedelta(seconds=12))
    async with stand.client(stand.key(Role.MACHINE)) as client:
        answer = await client.get("/metrics")
        components = (await client.get("/v1/health")).json()["components"]
    lines = answer.text.splitlines()
    for line in (
        f'tieout_transactions_total{{flow="{FLOW}",legal_entity="DE01"}} 2.0',
        f'tieout_documents{{flow="{FLOW}",legal_entity="DE01",place="blocked",state="failed"}} 1.0',
        f'tieout_blocked_amount{{currency="EUR",flow="{FLOW}",legal_entity="DE01"}} 422.5',
        f'tieout_in_doubt{{flow="{FLOW}",legal_entity="DE01"}} 1.0',
        f'tieout_ledger_drift{{flow="{FLOW}",legal_entity="DE01"}} 0.0',
        f'tieout_open_exceptions{{class="rejected",flow="{FLOW}",legal_entity="DE01"}} 1.0',
        f'tieout_sla_status{{flow="{FLOW}",legal_entity="DE01",status="on_time"}} 2.0',
        'tieout_last_success_timestamp_seconds{connection="erp"} 1.7736516e+09',
        'tieout_connection_paused{connection="erp"} 0.0',
        'tieout_stream_read_timestamp_seconds{connection="erp",stream="projects"} 1.7736516e+09',
        'tieout_process_heartbeat_timestamp_seconds{kind="worker"} 1.7736516e+09',
        'tieout_consumer_lag_seconds{consumer="confirm"} 12.0',
        'tieout_consumer_lag_seconds{consumer="inbox"} 0.0',
    ):
        assert line in lines
    reading = next(one for one in components if one["name"] == "consumer confirm")
    assert reading["is_ok"]
    assert reading["behind_since"] is not None
    assert next(one for one in components if one["name"] == "sent events")["is_ok"]
    assert "DOC-" not in answer.text


async def test_the_metrics_of_the_group_are_for_who_may_see_the_group(lite: Stand) -> None:
    async with lite.client(lite.key(Grant(Role.VIEWER, "DE01"))) as client:
        assert (await client.get("/metrics")).status_code == 403
    async with lite.client() as client:
        assert (await client.get("/metrics")).status_code == 401
        assert (await client.get("/livez")).status_code == 200
        assert (await client.get("/readyz")).status_code == 200
