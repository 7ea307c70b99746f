"""The tables of every view: rows of which one can be chosen, page by page, a sentence where there are none."""

import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from control_plane.api.schemas import Page
from monitor_ui import frames, parts, session, words
from monitor_ui.columns import COLUMNS

T = TypeVar("T")

PAGE: Final = 50
"""Rows of a page."""


def table(
    name: str,
    frame: pd.DataFrame,
    empty: str,
    *,
    columns: Mapping[str, ColumnConfig] = COLUMNS,
    alt: str,
) -> None:
    """Show rows, or a sentence where there are none."""
    if frame.empty:
        st.info(empty, icon=":material/check:")
        return
    st.dataframe(
        frame,
        key=name,
        hide_index=True,
        column_config=_titled(frame, columns),
        placeholder=words.NOTHING,
        alt=alt,
    )


def chooser(name: str, frame: pd.DataFrame, ids: Sequence[str], empty: str, *, alt: str) -> str:
    """Show rows of which one can be chosen, and return the chosen one's id; it stands in the address under `name`."""
    chosen = str(st.query_params.get(name, ""))
    if frame.empty:
        st.info(empty, icon=":material/check:")
        return chosen
    key = f"{name}-{zlib.crc32(' '.join(ids).encode())}"
    st.dataframe(
        frame,
        key=key,
        hide_index=True,
        column_config=_titled(frame, COLUMNS),
        placeholder=words.NOTHING,
        selection_mode="single-row",
        selection_default={"selection": {"rows": [ids.index(chosen)] if chosen in ids else []}},
        on_select=lambda: _choose(name, key, ids),
        alt=alt,
    )
    return chosen


def pages(name: str, about: object, fetch: Callable[[str], Page[T]]) -> tuple[Page[T], Callable[[], None]]:
    """Return the page that the person is on, with what draws the page numbers under its table."""
    asked = f"{name}-asked"
    if st.session_state.get(asked) != about:
        st.session_state.update({asked: about, f"{name}-cursors": [""], f"{name}-page": 1})
    cursors: list[str] = st.session_state[f"{name}-cursors"]
    number = min(int(st.session_state.get(f"{name}-page", 1)), len(cursors))
    page = fetch(cursors[number - 1])
    if page.next_cursor and number == len(cursors):
        cursors.append(page.next_cursor)

    def draw() -> None:
        if len(cursors) > 1:
            st.pagination(len(cursors), key=f"{name}-page")

    return page, draw


def documents(name: str, asked: Mapping[str, str | bool], empty: str) -> None:
    """Show the documents that fit, page by page; choosing one opens its story."""
    page, draw_pages = pages(
        name, dict(asked), lambda cursor: session.api().transactions(cursor=cursor, limit=PAGE, **asked)
    )
    opener(name, frames.transactions(page.items), [one.id for one in page.items], empty)
    draw_pages()


def opener(name: str, frame: pd.DataFrame, ids: Sequence[str], empty: str) -> None:
    """Show rows that stand for transactions; choosing one opens its story."""
    if frame.empty:
        st.info(empty, icon=":material/check:")
        return
    event = st.dataframe(
        frame,
        key=name,
        hide_index=True,
        column_config=_titled(frame, COLUMNS),
        placeholder=words.NOTHING,
        selection_mode="single-row",
        on_select="rerun",
        alt="Documents; choose one to open its story",
    )
    rows = event["selection"]["rows"]
    if rows and rows[0] < len(ids) and ids[rows[0]]:
        parts.go_to(parts.TRANSACTION, transaction=ids[rows[0]])


def _choose(name: str, key: str, ids: Sequence[str]) -> None:
    rows = st.session_state[key]["selection"]["rows"]
    if rows:
        st.query_params[name] = ids[rows[0]]
    else:
        st.query_params.pop(name, None)


def _titled(frame: pd.DataFrame, columns: Mapping[str, ColumnConfig]) -> dict[str, ColumnConfig]:
    return {name: columns[name] for name in map(str, frame.columns)}
