"""`python -m api` that tells how many statements it has sent to its database: one byte each in a file.

The file is named by `TIERLINE_BENCH_TALLY`. Nothing of the API is changed; SQLAlchemy is asked to tell.
"""

import os
import sys
from typing import Any

from sqlalchemy import Engine, event

from api.__main__ import main

TALLY = "TIERLINE_BENCH_TALLY"


def count_into(path: str) -> None:
    """From now on every statement of this process is a byte at the end of the file."""
    file = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)

    def one_more(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith(
            "BEGIN"
        ):  # SQLite's driver is told to begin; PostgreSQL's does it with the first one
            os.write(file, b".")

    event.listen(Engine, "before_cursor_execute", one_more)


if __name__ == "__main__":
    count_into(os.environ[TALLY])
    sys.exit(main())
