"""Databases of earlier and of later versions."""

from alembic import command
from alembic.config import Config
from sqlalchemy import text

from pbf.store import migrations
from pbf.store.engines.engine import create_engine_for


def upgrade(url: str, revision: str, *statements: str) -> str:
    """Migrate a database up to a revision, execute statements in it, and return its version."""
    config = Config()
    config.set_main_option("script_location", str(migrations.MIGRATIONS))
    engine = create_engine_for(url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        for statement in statements:
            connection.execute(text(statement))
        version = connection.scalar(text("SELECT version_num FROM alembic_version"))
    engine.dispose()
    return version


def set_version(url: str, version: str, *statements: str) -> None:
    """Do to a database what a migration of a later version would, and set its version."""
    engine = create_engine_for(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
        connection.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": version})
    engine.dispose()
