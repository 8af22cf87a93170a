"""Migrations by Alembic, run within a transaction that is under way."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config


def to_newest(connection: sa.Connection) -> None:
    """Create the tables, or bring older ones up to date, in the connection's own transaction."""
    command.upgrade(configuration(connection), "head")


def configuration(connection: sa.Connection | None = None) -> Config:
    """What Alembic's commands need to know."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config
