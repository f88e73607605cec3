"""Files that are written whole or not at all."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

TEMPORARY = re.compile(r"\.tmp-[0-9a-f]{32}-")  # the names of what an interrupted writer leaves


def write_whole(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Call ``write(file)`` on a temporary file beside ``path``, then rename it into place."""
    temporary = path.with_name(f".tmp-{uuid4().hex}-{path.name}")
    try:
        with temporary.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        error.filename = str(path)  # not the temporary one
        raise
    finally:
        temporary.unlink(missing_ok=True)
