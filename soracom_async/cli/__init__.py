"""The `soracom-async` command: says at once what is wrong, and leaves no traceback behind."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

from .arguments import parse
from .console import lenient_streams

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with `arguments` (those of the process if None); return its exit code."""
    with lenient_streams():
        return _main(arguments)


def _main(arguments: Sequence[str] | None) -> int:
    options = parse(arguments)
    for extra, modules in options.needs.items():
        missing = [name for name in modules if find_spec(name) is None]
        if missing:
            what = "is" if len(missing) == 1 else "are"
            return _refuse(f'{", ".join(missing)} {what} missing: pip install "soracom-async[{extra}]"')
    code = 130
    try:
        code = _command(options.module).run(options)
    except* KeyboardInterrupt:
        pass  # the user interrupted it
    return code


def _command(name: str) -> ModuleType:
    """Import the command that was chosen, and no other; a packer of programs sees both."""
    match name:
        case ".bulk_run":
            from . import bulk_run

            return bulk_run
        case ".journals":
            from . import journals

            return journals
        case ".export":
            from . import export

            return export
        case ".whoami":
            from . import whoami

            return whoami
        case ".demo":
            from . import demo

            return demo
    from . import serve

    return serve


def _refuse(message: str) -> int:
    print(f"soracom-async: {message}", file=sys.stderr)
    return 1
