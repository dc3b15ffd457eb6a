"""Ways to send an SMS to each SIM of a fleet, each a program of its own that can be killed and started again.

    python -m benchmarks._bulk_peers NAME '{"url": …, "keys": …, "directory": …, "scale": …, "listing": false}'

A program prints one line of JSON at its end. An SMS is sent again by each request, so it shows what is sent twice.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from typing import Any

import httpx
from attrs import define, field

from soracom_async import AuthKey, Soracom, bulk
from soracom_async._clock import ScaledClock

from ._server import FIRST_SIM

CONCURRENCY = 32
KEY_ID, SECRET = "keyId-1", "secret-1"
TEXT, ENCODING = "reboot", 1
SMS = {"payload": TEXT, "encodingType": ENCODING}
PAUSES = 10, 10, 20, 30, 50
"""Seconds that the official command line sleeps after each 429, before it gives up."""


@define
class Job:
    """What a program is to do, and what it found out."""

    url: str
    keys: int
    directory: Path = field(converter=Path)
    scale: float
    """Seconds of the service in a second of the machine."""
    listing: bool
    """Whether the keys come from a listing."""
    known: int = 0
    """Keys that were known to be done when the program started."""
    unknown: list[str] = field(factory=list)
    """Keys that were reported as neither done nor certainly not done."""
    failed: int = 0
    _level: int = 0
    _cpu: float = 0.0

    def sim_ids(self) -> list[str]:
        """Return the keys that come from no listing."""
        return [str(FIRST_SIM + number) for number in range(self.keys)]

    def begin(self) -> None:
        """Begin to measure."""
        gc.collect()
        Path("/proc/self/clear_refs").write_text("5")  # the peak is counted anew (Linux)
        self._level, self._cpu = _memory("VmRSS"), time.process_time()

    def report(self) -> str:
        """Return what was measured, as JSON."""
        cpu, growth = time.process_time() - self._cpu, _memory("VmHWM") - self._level
        said = {"known": self.known, "unknown": self.unknown, "failed": self.failed, "cpu": cpu, "growth": growth}
        return json.dumps(said)


def _memory(name: str) -> int:
    """Return a size of this process in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    raise LookupError(name)


async def ours(job: Job, journal: Path | None) -> None:
    """Use this library; it is told nothing of the quota."""
    clock = ScaledClock(job.scale)
    async with Soracom(AuthKey(KEY_ID, SECRET), endpoint=job.url, clock=clock) as soracom:
        await soracom.login()
        send = partial(soracom.sims.send_sms, payload=TEXT, encoding_type=ENCODING)
        job.begin()
        keys = soracom.sims.list(limit=100) if job.listing else job.sim_ids()
        async with bulk.run(send, keys, concurrency=CONCURRENCY, journal=journal) as results:
            async for result in results:
                match result:
                    case bulk.Skipped():
                        job.known += 1
                    case bulk.Unknown():
                        job.unknown.append(str(result.key))  # of runs without a listing alone
                    case bulk.Failed():
                        job.failed += 1


async def gather(job: Job, done: Path | None) -> None:
    """Use `asyncio.gather` with a semaphore; after a 429 wait a second and try again; keep `done` keys in a file."""
    kept = _lines(done)
    gate = asyncio.Semaphore(CONCURRENCY)
    limits = httpx.Limits(max_connections=CONCURRENCY)
    async with httpx.AsyncClient(base_url=f"{job.url}/v1", timeout=60, limits=limits) as http:

        async def until_granted(method: str, path: str, **arguments: Any) -> httpx.Response:
            while True:
                answer = await http.request(method, path, **arguments)
                if answer.status_code != 429:
                    return answer.raise_for_status()
                await asyncio.sleep(1 / job.scale)

        async def send(sim_id: str) -> None:
            async with gate:
                await until_granted("POST", f"/sims/{sim_id}/send_sms", json=SMS)
            if done is not None:
                with done.open("a") as file:
                    file.write(f"{sim_id}\n")

        login = await http.post("/auth", json={"authKeyId": KEY_ID, "authKey": SECRET})
        session = login.raise_for_status().json()
        http.headers.update({"x-soracom-api-key": session["apiKey"], "x-soracom-token": session["token"]})
        job.begin()
        todo = job.sim_ids()
        if job.listing:
            todo, query = [], {"limit": "100"}
            while True:
                answer = await until_granted("GET", "/sims", params=query)
                todo += [sim["simId"] for sim in answer.json()]
                if "x-soracom-next-key" not in answer.headers:
                    break
                query["last_evaluated_key"] = answer.headers["x-soracom-next-key"]
        job.known = len(kept)
        sent = await asyncio.gather(*(send(key) for key in todo if key not in kept), return_exceptions=True)
        job.failed = sum(error is not None for error in sent)


def _lines(file: Path | None) -> set[str]:
    return set(file.read_text().split()) if file is not None and file.exists() else set()


async def command_line(job: Job) -> None:
    """Run one command a key, one after the other, as a loop of a shell does."""
    command = _official if official(job.scale) else _stand_in
    job.begin()
    for sim_id in job.sim_ids():
        job.failed += not command(job, sim_id)


def official(scale: float) -> bool:
    """Tell whether the official command line can be used: it is on the PATH, and the clock is the machine's."""
    return scale == 1 and shutil.which("soracom") is not None


def _official(job: Job, sim_id: str) -> bool:
    arguments = ["--sim-id", sim_id, "--payload", TEXT, "--encoding-type", str(ENCODING)]
    credentials = ["--auth-key-id", KEY_ID, "--auth-key", SECRET]
    environment = os.environ | {"SORACOM_ENDPOINT": job.url}
    command = ["soracom", "sims", "send-sms", *arguments, *credentials]
    return not subprocess.run(command, env=environment, stdout=subprocess.DEVNULL).returncode


def _stand_in(job: Job, sim_id: str) -> bool:
    """Do what the official command line does for one command, apart from the start of a process."""
    for attempt in count():
        connection = HTTPConnection(job.url.removeprefix("http://"), timeout=60)
        for path, body in (
            ("/v1/auth", {"authKeyId": KEY_ID, "authKey": SECRET}),
            (f"/v1/sims/{sim_id}/send_sms", SMS),
        )[attempt > 0 :]:
            connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
        connection.close()
        if answer.status != 429 or attempt == len(PAUSES):
            break
        time.sleep(PAUSES[attempt] / job.scale)
    return answer.status == 200


PEERS: dict[str, Callable[[Job], Awaitable[None]]] = {
    "bulk.run, journal": lambda job: ours(job, job.directory / "run.db"),
    "bulk.run": lambda job: ours(job, None),
    "asyncio.gather, semaphore": lambda job: gather(job, None),
    "asyncio.gather, semaphore, file of done keys": lambda job: gather(job, job.directory / "done.txt"),
    "command line in a loop": command_line,
}


async def main() -> None:
    """Do the job that the command line describes."""
    job = Job(**json.loads(sys.argv[2]))
    await PEERS[sys.argv[1]](job)
    print(job.report())


if __name__ == "__main__":
    asyncio.run(main())
