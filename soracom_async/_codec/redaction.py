"""Secrets are taken out of what a server wrote: an error page may quote the request."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote, quote_plus

from .codec import decode
from .shown import HIDDEN, LOOKS, is_secret

SHORTEST = 4
"""Characters of the shortest secret that is looked for: to take out shorter ones would leave nothing to read."""

_NAMED = re.compile(
    r"((?:token|key|pass(?:word|wd|phrase|code)|secret|credential|authorization|signature|otp_?code)s?"
    r"[\"'\s]*[:=][\"'\s]*(?:bearer\s+|basic\s+)?)([^\s\"'<>&,;]+)",
    re.IGNORECASE,
)


class Redaction:
    """Takes secrets out of texts: those that were sent, and what looks like one."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets if len(secret) >= SHORTEST for form in _forms(secret)}
        known = [re.escape(form) for form in sorted(forms, key=len, reverse=True)]
        self._pattern = re.compile("|".join([*known, *LOOKS]))

    def __repr__(self) -> str:
        return "Redaction(…)"

    def text(self, text: str) -> str:
        """Return `text` without secrets."""
        return self._pattern.sub(HIDDEN, text)

    def page(self, text: str) -> str:
        """Return a text of unknown form without secrets, and without the values of what is named like one."""
        return _NAMED.sub(rf"\1{HIDDEN}", self.text(text))

    def data(self, data: Any) -> Any:
        """Return JSON without secrets in its texts."""
        if isinstance(data, str):
            return self.text(data)
        if isinstance(data, Mapping):
            return {self.text(name): self.data(value) for name, value in data.items()}
        return [self.data(each) for each in data] if isinstance(data, list) else data


def secrets_in(content: object) -> Iterator[str]:
    """Yield the secrets in the body of a request, as their names tell."""
    if isinstance(content, bytes):
        with suppress(ValueError, RecursionError):
            yield from _named(decode(content), secret=False)


def _named(data: Any, *, secret: bool) -> Iterator[str]:
    if isinstance(data, str):
        if secret:
            yield data
    elif isinstance(data, Mapping):
        for name, value in data.items():
            yield from _named(value, secret=secret or is_secret(name))
    elif isinstance(data, list):
        for each in data:
            yield from _named(each, secret=secret)


def _forms(secret: str) -> set[str]:
    """Return the forms in which a text quotes a secret: as it is, and as it is within texts of texts, up to three."""
    forms = {secret}
    for _ in range(3):
        forms |= {quoted(form) for form in forms for quoted in _QUOTED}
    return forms


_MARKUP = re.compile("[\"&'+<>]")
_PERCENT = re.compile("%..")
_QUOTED: tuple[Callable[[str], str], ...] = (
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    lambda text: json.dumps(text)[1:-1].replace("/", r"\/"),
    html.escape,
    lambda text: _MARKUP.sub(lambda found: f"&#{ord(found[0])};", text),
    lambda text: quote(text, safe="/", errors="replace"),
    lambda text: quote(text, safe="", errors="replace"),
    lambda text: quote_plus(text, errors="replace"),
    lambda text: _PERCENT.sub(lambda found: found[0].lower(), quote(text, safe="", errors="replace")),
)
"""How formats write a text: JSON, HTML, and URLs."""
