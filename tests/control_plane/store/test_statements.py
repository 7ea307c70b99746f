from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from connectors.canonical.master_data import Domain
from control_plane.store.database import Database
from control_plane.store.statements import insert_many, table_of, upsert
from control_plane.store.tables import HoldRow, MasterDataRow, PayloadRow
from control_plane.store.values import to_json
from tests.stands.runtime import MORNING


def master_data(number: int, **facts: str) -> dict[str, object]:
    row = MasterDataRow(
        id=number,
        connection="erp",
        domain=Domain.PROJECT,
        code=f"P{number}",
        name="Müller \t\n \\ bridge",
        active=True,
        recorded_at=MORNING,
    )
    return {**row.model_dump(), "attributes": facts}


def test_many_rows_keep_every_kind_of_value(database: Database) -> None:
    rows = [master_data(1, manager="Zoë \\N"), master_data(2)]
    with database.write() as session:
        insert_many(session, MasterDataRow, rows)

    with database.read() as session:
        query = select(table_of(MasterDataRow)).order_by(table_of(MasterDataRow).c.id)
        found = [dict(row._mapping) for row in session.connection().execute(query)]

    assert found == rows


def test_many_payloads_keep_every_byte(database: Database) -> None:
    body = bytes(range(256))
    row = PayloadRow(id=1, kind="envelope", content_type="", body=body, sha256="", recorded_at=MORNING).model_dump()
    with database.write() as session:
        insert_many(session, PayloadRow, [row])

    with database.read() as session:
        assert bytes(session.connection().execute(select(table_of(PayloadRow).c.body)).scalar_one()) == body


def test_no_rows_are_no_statement(database: Database) -> None:
    with database.write() as session:
        insert_many(session, HoldRow, [])


def test_a_second_row_of_the_same_key_is_refused_as_everywhere(database: Database) -> None:
    with pytest.raises(IntegrityError), database.write() as session:
        insert_many(session, MasterDataRow, [master_data(1), master_data(1)])


def test_an_upsert_passes_over_what_is_there(database: Database) -> None:
    with database.write() as session:
        statement = upsert(session, MasterDataRow).on_conflict_do_nothing(index_elements=["id"])
        for _ in range(2):
            session.connection().execute(statement.values(master_data(1)))
        assert len(session.connection().execute(select(table_of(MasterDataRow).c.id)).all()) == 1


def test_equal_values_are_equal_json() -> None:
    assert to_json({"b": 1, "a": "ü"}) == to_json({"a": "ü", "b": 1}) == '{"a":"ü","b":1}'


def test_a_decimal_is_no_json() -> None:
    with pytest.raises(TypeError):
        to_json({"amount": Decimal("0.10")})
