"""The table of contents of the command line."""

import typer

from control_plane.cli import (
    approvals,
    break_glass,
    bulk,
    corrections,
    exception_acts,
    exceptions,
    people,
    presence,
    processes,
    proofs,
    rules,
    simulate,
    talk,
    transactions,
)

EPILOG = "Exit codes: 0 fine, 1 the answer is no, 2 the command or the configuration is wrong, 3 something is away."

app = typer.Typer(
    name="tieout",
    help="Drives and proves the synchronization of finance documents.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(processes.up)
app.command()(proofs.demo)
app.command()(processes.api)
app.command()(processes.worker)
app.command()(processes.scheduler)
app.command()(processes.ui)
app.command()(processes.migrate)
app.command()(proofs.verify)
app.command()(simulate.simulate)
app.add_typer(transactions.app)
for _more in (exception_acts.app, talk.app, corrections.app):
    exceptions.app.add_typer(_more)
app.add_typer(exceptions.app)
app.add_typer(bulk.app)
app.add_typer(approvals.app)
app.add_typer(rules.app)
app.add_typer(people.app)
app.add_typer(presence.app)
app.add_typer(break_glass.app)
