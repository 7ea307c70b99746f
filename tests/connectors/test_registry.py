from pathlib import Path

import pytest

import connectors
from connectors.connection import ConnectionSettings, UnusableConnectionError
from connectors.contract import Dedupe
from connectors.http import HttpClient
from connectors.registry import CONNECTORS, SENDERS, opened
from connectors.sandbox_erp.connector import connect

URL = "http://127.0.0.1:9"
KEY = {"api_key": "planted-key"}


def settings(provider: str = "sandbox_erp", **options: str) -> ConnectionSettings:
    return ConnectionSettings("erp", provider, URL, KEY, options)


async def test_an_unknown_provider_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(UnusableConnectionError, match=r"connection erp: provider 'sandbox' .* 'sandbox_erp'"):
        async with opened(settings("sandbox")):
            pass


async def test_a_connection_gives_its_connector_and_hides_its_secrets() -> None:
    async with opened(settings()) as connector:
        assert connector.name == "erp"
        assert connector.secrets == ("planted-key",)
        assert "planted-key" not in repr(connector) + repr(settings())


@pytest.mark.parametrize("provider", [*CONNECTORS, *SENDERS])
def test_every_connector_has_a_page_of_its_own(provider: str) -> None:
    readme = Path(connectors.__file__).with_name(provider) / "README.md"
    assert f'provider = "{provider}"' in readme.read_text(encoding="utf-8")


def test_an_unknown_option_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(UnusableConnectionError, match="option 'batches' is not known; did you mean 'batch'"):
        connect(settings(batches="3"), HttpClient(URL))


def test_a_missing_credential_is_named() -> None:
    with pytest.raises(UnusableConnectionError, match="connection erp: the credential 'api_key' is missing"):
        connect(ConnectionSettings("erp", "sandbox_erp", URL), HttpClient(URL))


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("dedupe", "sometimes"),
        ("batch", "0"),
        ("batch", "many"),
        ("concurrency", "0"),
        ("deadline_seconds", "-1"),
        ("deadline_seconds", "nan"),
        ("visibility_grace_seconds", "inf"),
    ],
)
def test_an_option_that_cannot_be_read_is_named(option: str, text: str) -> None:
    with pytest.raises(UnusableConnectionError, match=f"the option '{option}' cannot be '{text}'"):
        connect(settings(**{option: text}), HttpClient(URL))


def test_options_become_traits() -> None:
    chosen = settings(dedupe="enforced", batch="7", visibility_grace_seconds="0.5", deadline_seconds="3")
    target = connect(chosen, HttpClient(URL)).target
    assert target
    traits = target.traits
    assert (traits.dedupe, traits.batch) == (Dedupe.ENFORCED, 7)
    assert (traits.visibility_grace.total_seconds(), traits.deadline.total_seconds()) == (0.5, 3.0)
