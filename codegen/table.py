"""Long rows, as many parts to a line as fit: `ruff format` would give each its own line, and 490 operations 13,000."""

from __future__ import annotations

from collections.abc import Iterable

WIDTH = 120


def row(start: str, parts: Iterable[str], end: str, indent: int = 4) -> str:
    """Write `start`, the parts with commas, and `end`; what does not fit goes to the next line, indented."""
    parts = list(parts)
    lines = [start]
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        written = part + (end if last else ",")
        space = "" if not number else " "
        if len(lines[-1]) + len(space) + len(written) > WIDTH and (number or len(written) < WIDTH - indent):
            lines.append(" " * indent + written)
        else:
            lines[-1] += space + written
    return "\n".join(broken(line, indent) for line in lines) + ("" if parts else end) + "\n"


def broken(line: str, indent: int) -> str:
    """Break a line that is too long between two items; it must be in brackets."""
    at = max(line.rfind(" | ", 0, WIDTH), line.rfind(", ", 0, WIDTH) + 1)
    if len(line) <= WIDTH or at <= indent:
        return line
    return f"{line[:at]}\n{broken(' ' * indent + line[at + 1 :], indent)}"
