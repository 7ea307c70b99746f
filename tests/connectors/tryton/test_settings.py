import pytest

from connectors.connection import ConnectionSettings, UnusableConnectionError
from connectors.http import HttpClient
from connectors.tryton.connector import connect

URL = "http://127.0.0.1:9/tieout"


def a_connection(credentials: dict[str, str], options: dict[str, str]) -> ConnectionSettings:
    return ConnectionSettings("erp", "tryton", URL, credentials, options)


@pytest.mark.parametrize(
    ("credentials", "options", "sentence"),
    [
        ({}, {"user": "connector"}, "the credential 'password' is missing"),
        ({"password": "p"}, {}, "the option 'user' is missing"),
        ({"password": "p"}, {"usr": "connector"}, "option 'usr' is not known; did you mean 'user'?"),
        ({"password": "p"}, {"user": "connector", "batch": "0"}, "the option 'batch' cannot be '0'"),
    ],
)
def test_a_wrong_setting_is_named(credentials: dict[str, str], options: dict[str, str], sentence: str) -> None:
    with pytest.raises(UnusableConnectionError, match="connection erp: ") as refused:
        connect(a_connection(credentials, options), HttpClient(URL))
    assert sentence in str(refused.value)


def test_the_promises_are_one_writer_per_company_in_batches_of_25() -> None:
    connector = connect(a_connection({"password": "p"}, {"user": "connector"}), HttpClient(URL))
    assert connector.target
    traits = connector.target.traits
    assert (traits.batch, traits.is_serial_per_company) == (25, True)
    assert traits.visibility_grace.total_seconds() >= 30
