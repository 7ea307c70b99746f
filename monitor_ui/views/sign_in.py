"""The door: an API key, or the one-time code of a printed address."""

import streamlit as st

from control_plane.api.client import ApiError
from monitor_ui import parts, sentences, session

_KEY = "key"


def enter() -> bool:
    """Let the person in by the code in the address or show the door; return whether they are in."""
    code = st.query_params.get("code", "")
    if code:
        del st.query_params["code"]
        _try_code(code)
    if not session.is_signed_in():
        _show()
    return session.is_signed_in()


def _show() -> None:
    _, door, _ = st.columns([1, 1.4, 1])
    with door:
        st.title("Tieout", anchor=False)
        st.write(
            "Every document and every cent that a source approved, until the ERP's own books prove that it arrived."
        )
        parts.tell()
        with st.form("sign in", enter_to_submit=True):
            st.text_input("API key", key=_KEY, type="password", autocomplete="off", help="Begins with `tie_`.")
            st.form_submit_button("Sign in", type="primary", icon=":material/login:", on_click=_try_key)
        st.caption("The address that Tieout prints when it starts signs you in once, without a key.")


def _try_key() -> None:
    key = str(st.session_state[_KEY]).strip()
    if not key:
        parts.say("error", "Type an API key.")
        return
    try:
        session.sign_in(key)
    except ApiError as error:
        parts.say("error", sentences.no_entry(error.problem))


def _try_code(code: str) -> None:
    try:
        session.sign_in_by_code(code)
    except ApiError as error:
        parts.say("error", sentences.used_code(error.problem))
