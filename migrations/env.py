"""How Alembic runs here: on the connection that `database.migrate` hands over, in its transaction.

From the command line (`alembic -c migrations/alembic.ini ...`) it opens the database of DATABASE_URL itself.
"""

from alembic import context

from database import database_url, open_engine, writing
from models import Base


def run(connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        transactional_ddl=False,  # the caller's transaction is the one that counts
    )
    context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with writing(open_engine(database_url())) as connection:
        run(connection)
