"""The emulator's page in a real browser: it shows what there is, it does what it offers, and other sites cannot."""

from __future__ import annotations

import pytest
from anyio.from_thread import start_blocking_portal
from browser import EXECUTABLE, Browser

from soracom_async import Soracom
from soracom_async.emulator import Emulator

pytestmark = pytest.mark.skipif(EXECUTABLE is None, reason="there is no Chromium here")
SIM = "8942310022000000001"


@pytest.fixture
def served():
    with start_blocking_portal() as portal:
        emulator = portal.call(lambda: Emulator(sims=300))
        with portal.wrap_async_context_manager(emulator):

            async def call():
                async with Soracom(emulator.auth_key, endpoint=emulator.url) as soracom:
                    await soracom.sims.get(SIM)

            portal.call(call)
            yield emulator


@pytest.fixture
def browser(tmp_path):
    with Browser(tmp_path) as browser:
        yield browser


def test_it_shows_and_does(served, browser):
    """What is there is shown, a fault is switched on and off, time is moved on, and all starts again."""
    tab = browser.open(f"{served.url}/_emulator")
    tab.until("$('requests').textContent.includes('getSim')")
    text = tab.do("document.body.innerText")
    for shown in (served.operator_id, "root@example.com", f"export SORACOM_ENDPOINT={served.url}", f"/v1/sims/{SIM}"):
        assert shown in text
    assert "of 1,000" in text
    ids = tab.do("[...document.querySelectorAll('[id]')].map((each) => each.id)")
    assert len(ids) == len(set(ids))
    assert tab.do("[...document.querySelectorAll('input, select')].every((each) => each.labels.length)")
    assert tab.do("[...document.querySelectorAll('button')].every((each) => each.innerText)")

    tab.do("var form = $('fault'); form.elements.kind.value = 'html'; explain();")
    tab.do("form.elements.operation.value = 'getSims'; form.requestSubmit();")
    tab.until("$('status').textContent.includes('did you mean')")
    tab.do("form.elements.operation.value = 'getSim'; form.elements.status.value = 503; form.requestSubmit();")
    tab.until("$('faults').textContent.includes('status=503') && !$('status').textContent")
    (fault,) = served.faults.active
    assert (fault.kind, fault.operation, fault.details["status"]) == ("html", "getSim", 503)
    tab.do("document.querySelector('[data-fault]').click()")
    tab.until("$('faults').textContent === 'None.'")
    assert not served.faults.active

    tab.do("form = $('advance'); form.elements.advance.value = 86400 * 365; form.requestSubmit();")
    before = tab.do("$('now').textContent")
    tab.until(f"$('now').textContent.slice(0, 4) > '{before[:4]}'")
    assert served.world.ahead == 86400 * 365
    tab.do("window.confirm = () => true; $('reset').click()")
    tab.until("$('requests').textContent === 'None.'")
    assert served.requests == 0
    assert not tab.mistakes


def test_it_says_when_nobody_answers(served, browser):
    """A page that is left open when the emulator ends tells so."""
    tab = browser.open(f"{served.url}/_emulator")
    tab.until("$('now').textContent !== '…'")
    tab.do("window.fetch = () => Promise.reject(new TypeError('gone')); attempt(refresh)")
    tab.until("$('status').textContent === 'The emulator does not answer.'")


ATTACKS = """
const body = '{"kind":"html"}', headers = { "Content-Type": "application/json" };
Promise.allSettled([
  fetch(faults, { method: "POST", mode: "no-cors", body }),
  fetch(faults, { method: "POST", body, headers }),
  fetch(faults, { method: "DELETE" }),
  fetch(faults).then((answer) => answer.json()),
]).then((results) => results.map((each) => each.status === "fulfilled" && each.value.type !== "opaque"))"""


def test_other_sites_learn_and_change_nothing(served, browser):
    """A script of another origin can neither order faults nor read the secrets."""
    served.fault("latency", seconds=0)
    tab = browser.open("data:text/html,<p>Another site</p>")
    assert tab.do(f"const faults = '{served.url}/_emulator/faults';{ATTACKS}") == [False, False, False, False]
    assert [fault.kind for fault in served.faults.active] == ["latency"]
