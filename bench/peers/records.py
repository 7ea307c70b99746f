"""The tables of the peers' application: an expense with its state, its claimed business key and its steps."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS claim (business_key text PRIMARY KEY, subject text NOT NULL);
CREATE TABLE IF NOT EXISTS expense (
    subject text PRIMARY KEY, business_key text NOT NULL, state text NOT NULL, body jsonb NOT NULL,
    group_amount numeric NOT NULL, erp_number text NOT NULL DEFAULT '', updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS step (
    id bigserial PRIMARY KEY, subject text NOT NULL, name text NOT NULL, result text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX IF NOT EXISTS step_by_subject ON step (subject);
"""
_CLAIM: Final = """
WITH taken AS (INSERT INTO claim VALUES (%(key)s, %(subject)s) ON CONFLICT DO NOTHING RETURNING subject)
SELECT coalesce((SELECT subject FROM taken), (SELECT subject FROM claim WHERE business_key = %(key)s))
"""
_KEEP: Final = """
INSERT INTO expense (subject, business_key, state, body, group_amount) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT DO NOTHING
"""
_STEP: Final = "INSERT INTO step (subject, name, result) VALUES (%s, %s, %s)"
_CLOSE: Final = "UPDATE expense SET state = %s, erp_number = %s, updated_at = now() WHERE subject = %s"
_DONE: Final = "SELECT count(*) FROM expense WHERE state <> 'checked'"

Pool = AsyncConnectionPool[AsyncConnection]


class State(StrEnum):
    """Where an expense is."""

    CHECKED = "checked"
    BOOKED = "booked"
    REFUSED = "refused"
    DUPLICATE = "duplicate"


async def keep(
    pool: Pool, subject: str, key: str, body: bytes, group_amount: str, steps: Sequence[tuple[str, str]]
) -> State:
    """Record an expense with its first steps in one transaction; return whether another one has its key."""
    async with pool.connection() as connection:
        cursor = await connection.execute(_CLAIM, {"key": key, "subject": subject})
        row = await cursor.fetchone()
        state = State.CHECKED if row and row[0] == subject else State.DUPLICATE
        await connection.execute(_KEEP, (subject, key, state, body.decode(), group_amount))
        await cursor.executemany(_STEP, [(subject, *step) for step in (*steps, ("duplicate", state.value))])
    return state


async def close(pool: Pool, subject: str, state: State, number: str) -> None:
    """Record what the ERP answered, with its step, in one transaction."""
    async with pool.connection() as connection:
        await connection.execute(_CLOSE, (state, number, subject))
        await connection.execute(_STEP, (subject, "post", state.value))


async def done(pool: Pool) -> int:
    """Return how many expenses have come to their end."""
    async with pool.connection() as connection:
        row = await (await connection.execute(_DONE)).fetchone()
    return int(row[0]) if row else 0
