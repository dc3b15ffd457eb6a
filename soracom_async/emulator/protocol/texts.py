"""The sentences of the errors: English in the code, Japanese in a table of the English ones, as with gettext."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .japanese import SENTENCES
from .japanese_terms import TERMS

OTHER_TERM = "リソース"
"""What a kind of record is called that has no Japanese name; only the fallback can meet one."""


class Text:
    """A sentence, or a part of one, with what goes into it.

    `template` is English, with `{0}`, `{1}` …; its Japanese is in `japanese.py`. A detail is a value of the caller's, a
    name of the API, which is the same in both languages, another `Text` or `Term`, or several values.
    """

    def __init__(self, template: str, *details: Any) -> None:
        self.template = template
        self.details = details

    def within(self, language: str) -> str:
        """Return it in `language`: Japanese if that begins with `ja`, English otherwise."""
        template = SENTENCES.get(self.template, self.template) if language.startswith("ja") else self.template
        return template.format(*(_shown(each, language) for each in self.details))

    def __str__(self) -> str:
        return self.within("en")


class Term(Text):
    """What a kind of record is called: `Term("event handler")`."""

    def within(self, language: str) -> str:
        """Return it in `language`; of `job of batch group 1`, the record that contains it is left out."""
        kind = self.template.partition(" of ")[0]
        return TERMS.get(kind, OTHER_TERM) if language.startswith("ja") else kind


def _shown(detail: Any, language: str) -> str:
    if isinstance(detail, Text):
        return detail.within(language)
    if isinstance(detail, Iterable) and not isinstance(detail, str):
        return ", ".join(_shown(each, language) for each in detail)
    return str(detail)
