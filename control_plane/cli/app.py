"""The table of contents of the command line."""

import typer

from control_plane.cli import approvals, bulk, exception_acts, processes, proofs, simulate, transactions

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
app.add_typer(exception_acts.app)
app.add_typer(bulk.app)
app.add_typer(approvals.app)
