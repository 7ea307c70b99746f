from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from control_plane.bootstrap.assembly import assembled, flows_of, publisher_of
from control_plane.bootstrap.process import started
from control_plane.settings import ConfigurationError, Settings
from control_plane.settings.sections import ConnectionSection, DatabaseSection, WebhookSection
from control_plane.store import connections, runs

ERP = ConnectionSection(
    provider="sandbox_erp",
    url="http://127.0.0.1:9",
    credentials={"api_key": "env:ERP_KEY"},
    every=timedelta(seconds=60),
    streams={"payments": timedelta(seconds=5)},
)


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERP_KEY", "key")


def _settings(folder: Path, given: Mapping[str, ConnectionSection]) -> Settings:
    return Settings(database=DatabaseSection(url=f"sqlite:///{folder / 'tieout.db'}"), connections=dict(given))


async def test_connections_and_schedules_are_on_record_before_anything_runs(tmp_path: Path) -> None:
    async with started(_settings(tmp_path, {"erp": ERP}), "embedded") as process, assembled(process) as parts:
        with process.database.read() as session:
            known = connections.every(session)
            paces = {row.stream: row.interval_seconds for row in runs.schedules(session)}

    assert [row.name for row in known] == ["erp"] == list(parts.connectors)
    assert (paces["payments"], paces["project"]) == (5, 60)
    assert parts.incarnation == process.incarnation


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"provider": "sandbox"}, "connections.erp: connection erp: provider 'sandbox' is not known; did you mean"),
        ({"url": "ftp://host"}, "connections.erp.url: "),
        ({"options": {"batsh": "5"}}, "option 'batsh' is not known; did you mean 'batch'?"),
        ({"credentials": {}}, "the credential 'api_key' is missing"),
        (
            {"streams": {"paymants": timedelta(seconds=5)}},
            "connections.erp.streams: the stream 'paymants' is not known; did you mean 'payments'?",
        ),
    ],
)
async def test_a_wrong_connection_names_its_key_and_the_nearest_one(
    tmp_path: Path, change: dict[str, object], sentence: str
) -> None:
    settings = _settings(tmp_path, {"erp": ERP.model_copy(update=change)})

    async with started(settings, "embedded") as process:
        with pytest.raises(ConfigurationError) as caught:
            async with assembled(process):
                pass

    assert sentence in str(caught.value)


def test_a_flows_values_override_its_defaults_key_by_key() -> None:
    settings = Settings(flows={"expense_report": {"closed_period": {"rule": "hold"}}})

    values = flows_of(settings)["expense_report"].policy.values

    assert values["closed_period"] == {"rule": "hold"}
    assert values["group"] == {"currency": "EUR"}


@pytest.mark.parametrize(
    ("flows", "sentence"),
    [
        ({"expense_repot": {}}, "flows: the flow 'expense_repot' is not known; did you mean 'expense_report'?"),
        (
            {"expense_report": {"rooting": {}}},
            "flows.expense_report: the key 'rooting' is not known; did you mean 'routing'?",
        ),
        (
            {"expense_report": {"closed_period": {"rule": "guess"}}},
            'flows.expense_report.closed_period.rule: "guess" is not one of "move" or "hold"',
        ),
    ],
)
def test_a_wrong_policy_names_its_key_and_the_nearest_one(flows: dict[str, dict[str, object]], sentence: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        flows_of(Settings(flows=flows))

    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("url", "secret"), [("https://127.0.0.1/hook", "whsec_" + "A" * 32), ("https://example.com/hook", "no secret")]
)
def test_a_webhook_that_leads_inside_or_has_no_secret_is_refused(
    monkeypatch: pytest.MonkeyPatch, url: str, secret: str
) -> None:
    monkeypatch.setenv("HOOK", secret)
    settings = Settings(webhooks=[WebhookSection(name="ops", url=url, secret="env:HOOK")])

    with pytest.raises(ConfigurationError, match=r"webhooks\.ops\.(url|secret): "):
        publisher_of(settings, "http://screen")
