"""What Alembic runs: the migrations, on the connection that `migrate` gives."""

from alembic import context

from control_plane.store.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
)
context.run_migrations()
