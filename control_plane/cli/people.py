"""`tieout people`: who may what, and how that changes."""

import re
from typing import TYPE_CHECKING, Annotated, Final

import typer

from control_plane.cli.answering import Asked, propose, show
from control_plane.cli.options import AsJson, Config, Key, Reason
from control_plane.domain.access import GROUP, Role

if TYPE_CHECKING:
    from control_plane.api.client import ApiClient
    from control_plane.api.schemas import GrantDraft, Proposed

app = typer.Typer(name="people", help="Say who may what.", no_args_is_help=True)

_GRANT: Final = re.compile(r"([a-z]+)(?:@([^=]+))?(?:=(.+))?")


@app.command("list")
def list_(config: Config = None, key: Key = None, as_json: AsJson = False) -> None:
    """List everybody who is known, with their access."""
    from control_plane.cli.rule_tables import people_table

    show(Asked(config, key, as_json), lambda client: client.people(), lambda found: people_table(found.items))


@app.command("propose-access")
def propose_access(
    login: Annotated[str, typer.Argument(help="Whose access.")],
    reason: Reason,
    reports_to: Annotated[str | None, typer.Option(help="The login of the person above; empty: nobody.")] = None,
    grants: Annotated[
        list[str] | None,
        typer.Option(
            "--grant", help="ROLE[@ENTITY][=LIMIT], such as approver@DE01=2500; several times: all that they have then."
        ),
    ] = None,
    config: Config = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Propose whom somebody reports to and what they are granted; somebody else decides."""
    from control_plane.api.schemas import AccessProposal

    def ask(client: "ApiClient") -> "Proposed":
        drafts = [_grant(one, client.me().group_currency) for one in grants] if grants else None
        return client.propose_access(login, AccessProposal(reports_to=reports_to, grants=drafts, reason=reason))

    propose(Asked(config, key, as_json), ask)


def _grant(text: str, currency: str) -> "GrantDraft":
    """Return the grant that somebody typed.

    Raises:
        typer.BadParameter: it is none.
    """
    from connectors.canonical.money import parse_minor
    from control_plane.api.schemas import GrantDraft

    found = _GRANT.fullmatch(text)
    try:
        role, entity, limit = found.groups() if found else ("", None, None)
        minor = None if limit is None else parse_minor(limit, currency)
        return GrantDraft(role=Role(role), legal_entity_id=entity or GROUP, limit_minor=minor)
    except ValueError as error:
        raise typer.BadParameter(f"{text} is not ROLE[@ENTITY][=LIMIT]") from error
