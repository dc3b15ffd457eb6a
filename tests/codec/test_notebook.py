"""How models look in a notebook."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from extras import needs

from soracom_async import Page, structure
from soracom_async._codec import notebook
from soracom_async._codec.model import HIDDEN, Model
from soracom_async._codec.notebook import model_html, models_html, page_html

ATTACK = "<script>alert('x')</script>\"&"


class Gadget(Model):
    name: str | None = None
    password: str | None = None
    tags: dict[str, Any] | None = None
    inner: Gadget | None = None
    seen: datetime | None = None
    gadget_id: str | None = None


def gadgets(count: int) -> list[Gadget]:
    return [Gadget(gadget_id=f"g-{number}") for number in range(count)]


def test_a_model_is_a_table_of_what_is_set() -> None:
    html = Gadget(
        name="n", gadget_id="g-1", seen=datetime(2026, 12, 1, tzinfo=UTC), inner=Gadget(name="in")
    )._repr_html_()
    assert html.startswith("<table>")
    assert "Gadget</th>" in html
    assert html.count("<tr>") == 5
    for text in ("gadget_id</th>", "g-1</td>", "2026-12-01 00:00:00+00:00</td>", "Gadget(name=&#x27;in&#x27;)</td>"):
        assert text in html
    assert html.index("gadget_id") < html.index("seen")
    assert "tags" not in html
    assert f"{'x' * 119}…</td>" in model_html(Gadget(name="x" * 1000))


def test_text_of_a_device_is_no_html() -> None:
    data = {"gadgetId": ATTACK, "tags": {ATTACK: ATTACK}, ATTACK: ATTACK, "inner": {"name": ATTACK}}
    thing = structure(data, Gadget)
    page = Page([thing], ATTACK)
    for html in (model_html(thing), models_html([thing]), page_html(page)):
        assert html is not None
        assert "<script" not in html
        assert "&lt;script&gt;" in html


def test_secrets_are_hidden() -> None:
    data = {"password": "hunter2", "inner": {"password": "hunter2"}, "tags": {"api_key": "hunter2"}, "token": "hunter2"}
    thing = structure(data, Gadget)
    for html in (model_html(thing), models_html([thing, thing])):
        assert html is not None
        assert "hunter2" not in html
        assert HIDDEN in html


def test_models_are_rows() -> None:
    html = models_html([Gadget(gadget_id="g-1", name="a"), Gadget(gadget_id="g-2", tags={"x": 1})])
    assert html is not None
    assert html.count("<tr>") == 3
    assert [part.partition("<")[0] for part in html.split('left">')[1:4]] == ["name", "gadget_id", "tags"]
    assert "more" not in html


def test_tables_are_bounded() -> None:
    html = models_html(gadgets(1_020))
    assert html is not None
    assert html.count("<tr>") == 21
    assert html.endswith("<p>and 1,000 more</p>")
    html = models_html([structure({f"undeclared{number}": number for number in range(50)}, Gadget)])
    assert html is not None
    assert html.count("<td") == 12
    assert "…</th>" in html


def test_what_are_no_models_have_no_table() -> None:
    assert models_html([]) is None
    assert models_html([1, 2]) is None
    assert models_html([Gadget(), 2]) is None
    assert page_html(Page([], "next")) is None


def test_a_page_shows_whether_it_is_the_last() -> None:
    assert "<p>next_key: k-1</p>" in str(page_html(Page(gadgets(1), "k-1")))
    assert "next_key" not in str(page_html(Page(gadgets(1), None)))


@needs("IPython")
def test_lists_and_pages_are_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    from IPython.core.formatters import DisplayFormatter

    display = DisplayFormatter()
    html = display.formatters["text/html"]
    html.for_type(list, lambda value: f"before: {len(value)}")
    shell = SimpleNamespace(display_formatter=display)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    notebook.register()
    assert html(gadgets(2)) == models_html(gadgets(2))
    assert html([1, 2]) == "before: 2"
    assert html(Page(gadgets(2), "k")) == page_html(Page(gadgets(2), "k"))
    assert html(Gadget(name="n")) == model_html(Gadget(name="n"))
    shell.display_formatter = DisplayFormatter()
    notebook.register()
    assert shell.display_formatter.formatters["text/html"]([1, 2]) is None


@pytest.mark.parametrize(
    "module",
    [
        SimpleNamespace(),
        SimpleNamespace(get_ipython=lambda: None),
        SimpleNamespace(get_ipython=lambda: SimpleNamespace(display_formatter=SimpleNamespace(formatters={}))),
    ],
)
def test_without_a_shell_nothing_is_registered(monkeypatch: pytest.MonkeyPatch, module: Any) -> None:
    monkeypatch.setitem(sys.modules, "IPython", module)
    notebook.register()


def run(script: str, home: Path) -> Any:
    """Return what a script prints as JSON."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "IPYTHONDIR": str(home), "HOME": str(home)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=50)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


SHELL = """
import json
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
import soracom_async
from soracom_async import Page
from soracom_async.models import Sim
sims = [Sim(sim_id="8981", tags={"name": "<b>x"}), Sim(sim_id="8982")]
values = [sims, Page(sims, "next"), sims[0], [1, 2], sims[0].tags]
print(json.dumps([shell.display_formatter.format(value)[0].get("text/html") for value in values]))
"""


@needs("IPython")
def test_a_real_shell_shows_tables(tmp_path: Path) -> None:
    models, page, model, numbers, tags = run(SHELL, tmp_path)
    assert models.count("<tr>") == 3
    assert page.startswith(models)
    assert "8981</td>" in model
    assert "&lt;b&gt;x" in models
    assert numbers is tags is None


def test_ipython_is_never_imported(tmp_path: Path) -> None:
    script = "import json, sys; from soracom_async.models import Sim; print(json.dumps('IPython' in sys.modules))"
    assert run(script, tmp_path) is False
