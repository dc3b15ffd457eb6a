"""The sentences of the errors: English in the code, Japanese in a table of the English ones, as with gettext."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from .japanese import SENTENCES
from .japanese_terms import TERMS

OTHER_TERM = "リソース"
"""What a kind of record is called that has no Japanese name; only the fallback can meet one."""
_PLACE = re.compile(r"\{(\d)\}")
_NAMELESS = ("", "null", "None", "undefined")
"""What clients send in place of an identifier that they do not have; no message repeats it."""


def is_name(identifier: object) -> bool:
    """Tell whether an identifier, or each part of one that has several, can be the name of something."""
    return not any(part.strip() in _NAMELESS for part in re.split("[/:]", str(identifier)))


class Text:
    """A sentence, or a part of one, with what goes into it.

    `template` is English, with `{0}`, `{1}` …; its Japanese is in `japanese.py`. A detail is a value of the caller's, a
    name of the API, which is the same in both languages, another `Text`, or several values.
    """

    def __init__(self, template: str, *details: Any) -> None:
        self.template = template
        self.details = details

    def within(self, language: str) -> str:
        """Return it in `language`: Japanese if that begins with `ja`, English otherwise."""
        details = [_shown(each, language) for each in self.details]
        if not language.startswith("ja"):
            return _PLACE.sub(lambda place: details[int(place[1])], self.template)
        template = SENTENCES.get(self.template, self.template)
        return _PLACE.sub(lambda place: _spaced(details[int(place[1])], place), template)

    def __str__(self) -> str:
        return self.within("en")


class Term(Text):
    """What a kind of record is called: `Term("event handler")`."""

    def within(self, language: str) -> str:
        """Return it in `language`; of `job of batch group 1`, the record that contains it is left out."""
        kind = self.template.partition(" of ")[0]
        return TERMS.get(kind, OTHER_TERM) if language.startswith("ja") else kind


class Named(Term):
    """A record by its kind and identifier; by its kind alone, if the identifier is none."""

    def within(self, language: str) -> str:
        """Return it in `language`: the kind, a space, and the identifier."""
        names = [str(each) for each in self.details if is_name(each)]
        return " ".join((super().within(language), *names))


def _shown(detail: Any, language: str) -> str:
    if isinstance(detail, Text):
        return detail.within(language)
    if isinstance(detail, Collection) and not isinstance(detail, str):
        return ", ".join(_shown(each, language) for each in detail)
    return str(detail)


def _spaced(detail: str, place: re.Match[str]) -> str:
    """Return a detail with the spaces that Japanese has between its own letters and those of another alphabet."""
    before, after = place.string[: place.start()][-1:], place.string[place.end() :][:1]
    return f"{_gap(before, detail[:1])}{detail}{_gap(detail[-1:], after)}"


def _gap(one: str, other: str) -> str:
    return " " if one.isalnum() and other.isalnum() and one.isascii() != other.isascii() else ""
