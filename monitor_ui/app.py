"""The screens' table of contents."""

from http import HTTPStatus
from pathlib import Path
from typing import Final

import streamlit as st
from streamlit.navigation.page import Page as View

from control_plane.api.client import ApiError
from monitor_ui import parts, sentences, session
from monitor_ui.views import connections, exceptions, money, sign_in, sla, transaction

FAVICON: Final = Path(__file__).parent / "static" / "favicon.svg"


def _home() -> None:
    parts.go_to("money")


HOME: Final = st.Page(_home, title="Tieout", default=True, visibility="hidden")

LOOK: Final = {
    "money": st.Page(money.show, title="Money", icon=":material/account_balance:", url_path="money"),
    "sla": st.Page(sla.show, title="SLA", icon=":material/timer:", url_path="sla"),
    parts.TRANSACTION: st.Page(
        transaction.show, title="Transaction", icon=":material/search:", url_path=parts.TRANSACTION
    ),
}

ACT: Final = {
    parts.EXCEPTION: st.Page(exceptions.show, title="Exceptions", icon=":material/inbox:", url_path="exceptions"),
    "connections": st.Page(connections.show, title="Connections", icon=":material/hub:", url_path="connections"),
}


def show() -> None:
    """Show the door, or the view that the address names."""
    st.set_page_config(page_title="Tieout", page_icon=str(FAVICON), layout="wide")
    st.logo(str(FAVICON.with_name("logo.svg")), size="large")
    view = st.navigation(
        {"": [HOME], "Look": list(LOOK.values()), "Act": list(ACT.values())},
        position="sidebar" if session.is_signed_in() or "code" in st.query_params else "hidden",
    )
    parts.remember(LOOK | ACT)
    if sign_in.enter():
        _run(view)
        _person()


def _run(view: View) -> None:
    try:
        view.run()
    except ApiError as error:
        if error.problem.status == HTTPStatus.UNAUTHORIZED:
            session.sign_out()
            parts.say("info", "Your key is not valid any more. Sign in again.")
            st.rerun()
        st.error(sentences.refusal(error.problem), icon=":material/cloud_off:")
        st.button("Try again", icon=":material/refresh:")


def _person() -> None:
    with st.sidebar.popover(session.me().name, icon=":material/person:", type="tertiary"):
        st.caption(sentences.may(session.me()))
        st.button("Sign out", icon=":material/logout:", on_click=session.sign_out)


show()
