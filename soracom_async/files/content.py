"""What a body that is no JSON can be made of."""

from __future__ import annotations

import os
from collections.abc import AsyncIterable
from typing import Annotated

Content = bytes | str | os.PathLike[str] | AsyncIterable[bytes]
"""Bytes, text (sent as UTF-8), a file by its `pathlib.Path`, or a stream of bytes, which can be sent only once."""

FilePath = Annotated[str, "path"]
"""A path parameter whose slashes lead down: `logs/today.txt`."""
