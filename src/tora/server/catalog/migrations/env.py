"""What Alembic runs: the migrations, on the connection that `tora.server.catalog.migrate` gives it."""

from __future__ import annotations

from alembic import context

from tora.server.catalog.tables import metadata

# The caller's transaction holds the whole upgrade, so a failure leaves the catalog as it was.
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
context.run_migrations()
