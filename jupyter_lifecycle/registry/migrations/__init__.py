"""Alembic migrations, inside the package; run by code, not by a command.

``versions/`` is frozen history: a released file never changes. A new one gets the next number,
and :data:`jupyter_lifecycle.registry.store.database.HEAD` names the newest.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_lifecycle.errors import RegistryError
from jupyter_lifecycle.registry.store.postgres import take_turn

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Engine


def configuration() -> Config:
    """Alembic's configuration for these migrations."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return config


def upgrade(engine: Engine, revision: str | None, target: str = "head") -> None:
    """Bring a database to a revision, the newest, in one transaction.

    Parameters
    ----------
    engine : Engine
        The database.
    revision : str or None
        What it has now; None for an empty database.
    target : str
        What it shall have.

    Raises
    ------
    RegistryError
        The database was made by a newer version of the package.
    """
    from alembic import command
    from alembic.script import ScriptDirectory

    config = configuration()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    newer = {revision, target} - known - {None, "head"}
    if newer:
        raise RegistryError(
            f"This registry has revision {newer.pop()}, which this version of jupyter_lifecycle"
            " does not know: a newer one made it. Upgrade with: pip install -U jupyter_lifecycle",
            revision=revision,
        )
    with engine.execution_options(jl_begin="BEGIN IMMEDIATE").begin() as connection:
        if connection.dialect.name == "postgresql":
            take_turn(connection)  # whoever waited finds the newest revision, and nothing to do
        config.attributes["connection"] = connection
        command.upgrade(config, target)
