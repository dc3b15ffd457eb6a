"""How models are shown in notebooks: as tables, without secrets, and as plain text that no browser runs."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from .fields import Kept
from .shown import CUT, cell, set_values

ROWS = 20
"""The most rows of a table of several models."""
COLUMNS = 12
"""The most columns of it."""


def model_html(model: Kept) -> str:
    """Return a model as a table of two columns: what is set."""
    lines = (_line([("th", name), ("td", cell(value))]) for name, value in set_values(model).items())
    return _table([_line([("th", type(model).__name__), ("th", "")])], lines)


def models_html(models: Sequence[Any]) -> str | None:
    """Return models as a table, a row for each; None for what are no models."""
    shown = models[:ROWS]
    if not shown or not all(isinstance(each, Kept) for each in shown):
        return None
    rows = [set_values(each) for each in shown]
    names = list(dict.fromkeys(name for row in rows for name in row))
    head = [("th", name) for name in names[:COLUMNS]] + ([("th", CUT)] if len(names) > COLUMNS else [])
    lines = [_line([("td", cell(row[name]) if name in row else "") for name in names[:COLUMNS]]) for row in rows]
    more = len(models) - len(shown)
    return _table([_line(head)], lines) + (f"<p>and {more:,} more</p>" if more else "")


def page_html(page: Any) -> str | None:
    """Return a page of a listing as a table; None if its items are no models."""
    table = models_html(page.items)
    return table and table + (f"<p>next_key: {escape(cell(page.next_key))}</p>" if page.next_key is not None else "")


def register() -> None:
    """Show lists of models, and pages, as tables in the IPython that runs, if one does.

    What other lists were shown as, they still are.
    """
    shell: Any = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    display = getattr(shell, "display_formatter", None)
    formatter = None if display is None else display.formatters.get("text/html")
    if formatter is None:
        return
    try:
        before = formatter.lookup_by_type(list)
    except KeyError:
        before = _nothing

    def list_html(value: list[Any]) -> Any:
        table = models_html(value)
        return before(value) if table is None else table

    formatter.for_type(list, list_html)
    formatter.for_type_by_name("soracom_async.pages", "Page", page_html)


def _nothing(value: Any) -> None:
    """Show a list as text alone."""


def _line(cells: Iterable[tuple[str, str]]) -> str:
    return "<tr>" + "".join(f'<{tag} style="text-align: left">{escape(text)}</{tag}>' for tag, text in cells) + "</tr>"


def _table(head: Iterable[str], body: Iterable[str]) -> str:
    return f"<table><thead>{''.join(head)}</thead><tbody>{''.join(body)}</tbody></table>"
