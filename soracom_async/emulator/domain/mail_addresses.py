"""Email addresses, as far as a text shows whether it is one."""

from __future__ import annotations

import re

from ..protocol.errors import Refusal

_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def check(text: str, where: str) -> None:
    """Refuse a text that is no email address; `where` names its field in the error."""
    if not _ADDRESS.fullmatch(text):
        raise Refusal("COM0008", where)
