"""A real browser without a window, driven through a pipe: what a page does, not what it says."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys

EXECUTABLE = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

# The browser reads commands from descriptor 3 and writes answers to descriptor 4.
_LAUNCH = (
    "import os, sys; _, r, w, *words = sys.argv; os.dup2(int(r), 3); os.dup2(int(w), 4); os.execv(words[0], words)"
)


class Browser:
    """A browser, while it is entered."""

    def __init__(self, folder):
        self._folder = folder
        self._numbers = itertools.count(1)
        self.events = []

    def __enter__(self):
        import fcntl

        ends = [*os.pipe(), *os.pipe()]
        theirs_in, ours_out, ours_in, theirs_out = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in ends]
        for end in ends:
            os.close(end)
        words = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--remote-debugging-pipe",
            f"--user-data-dir={self._folder}",
        ]
        self._process = subprocess.Popen(
            [sys.executable, "-c", _LAUNCH, str(theirs_in), str(theirs_out), EXECUTABLE, *words],
            pass_fds=(theirs_in, theirs_out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._commands, self._answers = open(ours_out, "wb"), open(ours_in, "rb")
        return self

    def __exit__(self, *_):
        try:
            self.ask("Browser.close")
            self._process.wait(10)
        finally:
            self._process.kill()
            self._process.wait()
        self._commands.close()
        self._answers.close()

    def ask(self, method, session=None, **parameters):
        """Give a command and return its result."""
        number = next(self._numbers)
        command = {"id": number, "method": method, "params": parameters} | ({"sessionId": session} if session else {})
        self._commands.write(json.dumps(command).encode() + b"\0")
        self._commands.flush()
        while (answer := self._read()).get("id") != number:
            self.events.append(answer)
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def _read(self):
        content = bytearray()
        while (byte := self._answers.read(1)) != b"\0":
            assert byte, "the browser has gone"
            content += byte
        return json.loads(content)

    def open(self, url):
        """Open a page."""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.ask("Runtime.enable", session)
        self.ask("Page.enable", session)
        self.ask("Page.navigate", session, url=url)
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self._read())
        return Tab(self, session)


class Tab:
    """A page in a browser."""

    def __init__(self, browser, session):
        self._browser = browser
        self._session = session

    def do(self, script):
        """Run a script in the page and return what it gives, waiting for it."""
        answer = self._browser.ask(
            "Runtime.evaluate",
            self._session,
            expression=script,
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def until(self, condition):
        """Wait until something holds in the page."""
        self.do(
            "new Promise((done, fail) => { let left = 500; const look = () => {"
            f"try {{ if ({condition}) return done(); }} catch {{}}"
            f"left-- ? setTimeout(look, 20) : fail({json.dumps(condition)}); }}; look(); }})"
        )

    @property
    def mistakes(self):
        """What went wrong in scripts so far."""
        return [event for event in self._browser.events if event.get("method") == "Runtime.exceptionThrown"]
