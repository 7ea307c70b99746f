"""`tieout rules`: what holds for all, tried before it is proposed, and decided by somebody else."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from connectors.canonical.master_data import Domain
from control_plane.cli.answering import Asked, propose, show, show_list
from control_plane.cli.many import PASTED
from control_plane.cli.moments import moment_of
from control_plane.cli.options import AsJson, Config, Key, Reason

if TYPE_CHECKING:
    from pydantic import BaseModel

    from control_plane.api.client import ApiClient
    from control_plane.api.schemas import GroupValue, PolicyValue, Proposed

app = typer.Typer(name="rules", help="Try, propose and read what holds for all.", no_args_is_help=True)

Of = Annotated[
    str,
    typer.Argument(help="Of the group: exception_routing, materiality, reply_templates. Of a flow: accounts, …"),
]
File = Annotated[str, typer.Argument(help="A file with the JSON of it; - reads standard input.")]
Flow = Annotated[str, typer.Option(help="The flow whose value it is; else the group's.")]
M = TypeVar("M", bound="BaseModel")


@app.command("show")
def show_(of: Of, flow: Flow = "", config: Config = None, key: Key = None, as_json: AsJson = False) -> None:
    """Show a value in the version in force."""
    from control_plane.cli.rule_tables import value_page

    def ask(client: "ApiClient") -> "GroupValue | PolicyValue":
        return _of_flow(client, flow, of) if flow else client.group_value(of)

    show(Asked(config, key, as_json), ask, value_page)


@app.command("propose")
def propose_(
    of: Of,
    file: File,
    reason: Reason,
    flow: Flow = "",
    config: Config = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Propose another version of a value; what it frees goes on by itself once somebody else approves it."""
    from control_plane.api.schemas import FlowValueProposal, GroupValueProposal

    value = _read(file)

    def ask(client: "ApiClient") -> "Proposed":
        if flow:
            return client.propose_flow_value(flow, FlowValueProposal(key=of, value=value, reason=reason))
        return client.propose_group_value(of, GroupValueProposal(value=value, reason=reason))

    propose(Asked(config, key, as_json), ask)


@app.command("try-routing")
def try_routing(
    file: File,
    since: Annotated[str, typer.Option(help="A day, a moment in UTC or with an offset, or -8h.")] = "-30d",
    until: Annotated[str, typer.Option(help="A day, a moment in UTC or with an offset, or -8h.")] = "+0h",
    config: Config = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Show what each team would have got of the exceptions of a period, and what it got."""
    from control_plane.api.schemas import RoutingTrial
    from control_plane.cli.rule_tables import trial_table

    now = datetime.now(UTC)
    trial = _as(RoutingTrial, file, since=moment_of(since, now=now), until=moment_of(until, now=now))
    show(Asked(config, key, as_json), lambda client: client.try_routing(trial), trial_table)


@app.command()
def failures(config: Config = None, key: Key = None, as_json: AsJson = False) -> None:
    """Show the failure rules, and what targets answered that nobody knew."""
    from control_plane.cli.rule_tables import failure_rules_page

    show(Asked(config, key, as_json), lambda client: client.failure_rules(), failure_rules_page)


@app.command("try-failure")
def try_failure(file: File, config: Config = None, key: Key = None, as_json: AsJson = False) -> None:
    """Show what a failure rule would make of the answers that were kept."""
    from control_plane.api.schemas import FailureRuleDraft
    from control_plane.cli.rule_tables import failure_trial_table

    draft = _as(FailureRuleDraft, file)
    show(Asked(config, key, as_json), lambda client: client.try_failure_rule(draft), failure_trial_table)


@app.command("propose-failure")
def propose_failure(
    file: File,
    reason: Reason,
    retire: Annotated[bool, typer.Option("--retire", help="It shall hold no more.")] = False,
    config: Config = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Propose a failure rule's next version."""
    from control_plane.api.schemas import FailureRuleProposal

    proposal = _as(FailureRuleProposal, file, reason=reason, is_active=not retire)
    propose(Asked(config, key, as_json), lambda client: client.propose_failure_rule(proposal))


@app.command()
def bindings(
    domain: Annotated[Domain | None, typer.Option(help="Only keys of this list.")] = None,
    source_key: Annotated[str, typer.Option("--key-of-source", help="Only this key of a source.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=200)] = 50,
    config: Config = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List the keys of sources that stand under another key of the ERP."""
    from control_plane.cli.rule_tables import bindings_table

    show_list(
        Asked(config, key, as_json),
        lambda client: client.bindings(limit=limit, domain=domain, source_key=source_key),
        lambda found: bindings_table(found.items),
        "Every key stands for itself.",
    )


@app.command()
def bind(
    domain: Annotated[Domain, typer.Argument(help="The list of the keys.")],
    source_system: Annotated[str, typer.Argument(help="The system whose key it is.")],
    source_key: Annotated[str, typer.Argument(help="The key at the source.")],
    erp_key: Annotated[str, typer.Argument(help="The key of the ERP under which it shall stand.")],
    reason: Reason,
    entity: Annotated[str, typer.Option(help="The legal entity in which the ERP has it; else any.")] = "",
    config: Config = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Propose a binding; approved, it releases by itself what waited for it."""
    from control_plane.api.schemas import BindingProposal

    proposal = BindingProposal(
        domain=domain,
        source_system=source_system,
        source_key=source_key,
        erp_key=erp_key,
        legal_entity_id=entity,
        reason=reason,
    )
    propose(Asked(config, key, as_json), lambda client: client.propose_binding(proposal))


def _of_flow(client: "ApiClient", flow: str, key: str) -> "PolicyValue":
    """Return a flow's value; where there is none the command is wrong."""
    for one in (one for one in client.flows().items if one.name == flow):
        for value in (value for value in one.policy if value.key == key):
            return value
    raise typer.BadParameter(f"there is no {key} of {flow}")


def _as(model: type[M], file: str, **more: object) -> M:
    """Return what a file says, as what it is said to be.

    Raises:
        typer.BadParameter: it is something else.
    """
    said = _read(file)
    try:
        return model.model_validate(said | more)
    except ValueError as error:
        raise typer.BadParameter(f"{file}: {error}") from error


def _read(file: str) -> dict[str, object]:
    """Return the JSON object in a file.

    Raises:
        typer.BadParameter: there is none.
    """
    try:
        said = json.loads(sys.stdin.read() if file == PASTED else Path(file).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"{file} is no JSON: {error}") from error
    if not isinstance(said, dict):
        raise typer.BadParameter(f"{file} is no JSON object")
    return said
