"""Who sits before the screen: the key they signed in with, and the client that speaks for them."""

import os
from datetime import tzinfo
from typing import Final, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st
from streamlit.errors import StreamlitSecretNotFoundError

from control_plane.api.client import ApiClient, ApiError
from control_plane.api.schemas import Me

DEFAULT_API_URL: Final = "http://127.0.0.1:8000"

_CLIENT: Final = "signed in"
_ME: Final = "me"


def api_url() -> str:
    """Return where the API stands: as the process that mounts the screen says, else the environment."""
    try:
        return str(st.secrets["api_url"])
    except (StreamlitSecretNotFoundError, KeyError):
        return os.environ.get("TIEOUT_API_URL", DEFAULT_API_URL)


def is_signed_in() -> bool:
    """Return whether somebody has signed in."""
    return _CLIENT in st.session_state


def api() -> ApiClient:
    """Return the client that speaks for the person."""
    return cast("ApiClient", st.session_state[_CLIENT])


def me() -> Me:
    """Return who signed in."""
    return cast("Me", st.session_state[_ME])


def zone() -> tzinfo:
    """Return the reader's time zone, as their browser says."""
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def sign_in(key: str) -> None:
    """Sign in with an API key.

    Raises:
        ApiError: the key is not valid, or the API does not answer.
    """
    client = ApiClient(api_url(), key)
    try:
        st.session_state[_ME] = client.me()
    except ApiError:
        client.close()
        raise
    st.session_state[_CLIENT] = client


def sign_in_by_code(code: str) -> None:
    """Sign in with a one-time code.

    Raises:
        ApiError: the code was used or is too old, or the API does not answer.
    """
    with ApiClient(api_url()) as client:
        signed_in = client.sign_in(code)
    sign_in(signed_in.key)


def sign_out() -> None:
    """Forget the person and everything that was shown to them."""
    if is_signed_in():
        api().close()
    st.session_state.clear()
