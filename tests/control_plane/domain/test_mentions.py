import pytest

from control_plane.domain.mentions import MOST, mentioned_in


@pytest.mark.parametrize(
    ("text", "logins"),
    [
        ("Ask @anna, or @paul.b.", ("anna", "paul.b")),
        ("@anna @anna", ("anna",)),
        ("mail anna@example.com", ()),
        ("@@anna and @", ()),
        ("(@anna)", ("anna",)),
        ("@-anna", ()),
        (" ".join(f"@p{number}" for number in range(MOST + 5)), tuple(f"p{number}" for number in range(MOST))),
    ],
)
def test_a_comment_names_logins(text: str, logins: tuple[str, ...]) -> None:
    assert mentioned_in(text) == logins
