"""The names of profiles, and of the files in which the official command line keeps them."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from ..errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

_LETTERS = str.maketrans(
    "ÀÁÂÃÄÇÈÉÊËÌÍÎÏÐŁÑÒÓÔÕÙÚÛÝàáâãçèéêëìíîïðłñńòóôõōśùúûūýÿż",
    "AAAAACEEEEIIIIDLNOOOOUUUYaaaaceeeeiiiidlnnooooosuuuuyyz",
) | str.maketrans(
    {"Å": "AA", "Æ": "AE", "Ö": "OE", "Ø": "OE", "Œ": "OE", "Ü": "UE", "Þ": "TH", "ẞ": "SS", "ä": "ae", "å": "aa"}
    | {"æ": "ae", "ö": "oe", "ø": "oe", "œ": "oe", "ü": "ue", "þ": "th", "ß": "ss"}
)


def profile_path(directory: Path, name: str) -> Path:
    """Return the file of that very name if there is one, else the one that the command line writes for it.

    If there is neither, it is the first. Raises ConfigurationError if that would lie in another folder, and for a name
    that the command line takes as `default`.
    """
    own = directory / f"{name}.json" if _is_plain(name) else None
    if own and os.path.lexists(own):
        return own
    official = official_name(name)
    rewritten = directory / f"{official}.json"
    if official and os.path.lexists(rewritten):
        return rewritten
    path = exact_path(directory, name)
    if official:
        return path
    raise ConfigurationError(
        f"profile {name!r}: there is no {path}, and the command line takes 'default' for this name, of which it keeps "
        "ASCII letters, digits and '-' alone: rename the profile with some of these, or name 'default' if it is meant"
    )


def exact_path(directory: Path, name: str) -> Path:
    """Return the file of that very name; raises ConfigurationError if it would lie in another folder."""
    if _is_plain(name):
        return directory / f"{name}.json"
    raise ConfigurationError(f"profile {name!r}: a profile's name is a plain file name, without .json or folders")


def _is_plain(name: str) -> bool:
    return bool(name) and name.isprintable() and ".." not in name and not any(character in name for character in "/\\:")


def official_name(name: str) -> str:
    """Return the name, without `.json`, of the file that `soracom configure --profile NAME` writes.

    Letters, digits and `-` stay. Other separators become `-`, letters with accents lose them, the rest is dropped, and
    of several `-` in a row one stays: `prod.eu` becomes `prod-eu`, `a@b` becomes `ab`. So it leaves no folder. It may
    be empty; the command line takes `default` then.
    """
    text = re.sub(r"[./]", "-", name).strip(" ").translate(_LETTERS)
    text = re.sub(r"[ &_=+:]", "-", text)
    text = re.sub(r"[^0-9A-Za-z-]", "", text)
    return re.sub(r"-+", "-", text)
