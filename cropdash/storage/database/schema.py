"""The tables: each row is an event, appended and never changed; what holds now is read from them.

Times are ISO texts in UTC, to the millisecond. A change here is a migration in `migrations/`.
"""

from __future__ import annotations

import sqlalchemy as sa

VERSION = "0001"  # the newest migration, which this program reads and writes
METADATA = sa.MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # there alone it counts by itself


def _number() -> sa.Column[int]:
    return sa.Column("id", NUMBER, primary_key=True, autoincrement=True)


def _text(name: str, *, null: bool = False, index: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=null, index=index)


EVENTS = sa.Table(  # who started, stopped, decided, uploaded, deleted what
    "events",
    METADATA,
    _number(),
    _text("time"),
    _text("name", index=True),
    _text("role"),
    _text("action"),
    _text("object"),
    sa.Column("size", sa.BigInteger, nullable=False),  # [bytes] of what was uploaded
)
DECISIONS = sa.Table(  # on declared parcels
    "decisions",
    METADATA,
    _number(),
    _text("time"),
    _text("author"),
    _text("role"),
    _text("dataset"),
    _text("zone_id"),
    sa.Column("parcel_id", sa.Integer, nullable=False),
    _text("register_id"),
    _text("decision", null=True),  # a word; empty: undecided again; null: as it was
    _text("crop"),  # name of the class that is true, where the decision says one
    _text("note", null=True),  # null: as it was
    _text("run_a"),
    _text("run_b"),
    _text("as_of"),  # the day by which the runs were asked; empty: the whole season
    _text("source"),  # the file that it came from; empty: a page
    sa.Column("undoes", NUMBER, sa.ForeignKey("decisions.id"), nullable=True, unique=True),
    sa.Index("ix_decisions_parcel", "dataset", "register_id"),
)
RUN_NOTES = sa.Table(  # what people say of a run: the newest row of each field holds
    "run_notes",
    METADATA,
    _number(),
    _text("time"),
    _text("author"),
    _text("run_id", index=True),
    _text("field"),
    _text("value"),
)
