"""The errors of queries: what SQLite says of one, in the API's codes and our own words."""

from __future__ import annotations

import re

from ..protocol.errors import Refusal
from ..protocol.texts import Text

_NOT_UNDERSTOOD = re.compile("syntax error|incomplete input|unrecognized token|null character")
_PROBLEMS = (
    (Text("the table {0} does not exist"), re.compile(r"no such table: (.+)|access to (\S+)\.\S* is prohibited")),
    (Text("the column {0} does not exist"), re.compile("no such column: (.+)")),
    (Text("the function {0} does not exist"), re.compile("no such function: (.+)|to use function: (.+)")),
    (Text("the column name {0} is ambiguous"), re.compile("ambiguous column name: (.+)")),
    (Text("only statements that read are possible"), re.compile("not authorized")),
    (Text("only one statement is possible"), re.compile("one statement at a time")),
    (Text("it takes too long"), re.compile("interrupted")),
    (Text("a value is too large"), re.compile("too big")),
)
"""What is wrong with a query, by what SQLite says of it; a name in that is a name of the query's."""
_UNFIT = Text("it does not fit the tables or their data")


def refusal(said: str) -> Refusal:
    """Return the error for what SQLite says of a query: ANA0005, it is not understood; ANA0011, it cannot be executed.

    Both codes are known, with 400. Which of them the service has for what is a guess.
    """
    if _NOT_UNDERSTOOD.search(said):
        return Refusal("ANA0005")
    for text, pattern in _PROBLEMS:
        found = pattern.search(said)
        if found is not None:
            return Refusal("ANA0011", Text(text.template, *filter(None, found.groups())))
    return Refusal("ANA0011", _UNFIT)
