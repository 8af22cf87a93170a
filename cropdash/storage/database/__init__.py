"""The one database of an installation: a file beside the data, or a team's PostgreSQL.

It is asked by the folder of the datasets, whose file it is unless CROPDASH_DATABASE names another.
"""

from cropdash.storage.database.connect import (
    file_of,
    now,
    reading,
    rows,
    tidy,
    where,
    writing,
)

__all__ = ["file_of", "now", "reading", "rows", "tidy", "where", "writing"]
