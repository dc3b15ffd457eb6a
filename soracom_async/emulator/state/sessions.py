"""The data sessions of a SIM. Those of a seeded SIM follow from its seed, those of Arc from requests."""

from __future__ import annotations

from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any, Literal

from ..times import iso
from .activity import FOREVER, KIND_BIT, KINDS, Activity, Session, Stretch
from .session_shapes import DNS, device_address, device_imei, shape_cell
from .ulid import ulid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .sims import Sim

Event = tuple[int, Literal["Created", "Deleted"], Session]
"""A session event: its time in milliseconds, its kind, and its session."""

_NEVER = Activity.of(KINDS.index("never") << KIND_BIT, 0)


def activity(sim: Sim) -> Activity:
    """Return what the device of a SIM does; nothing, if the SIM was not seeded, or was never active."""
    return _NEVER if sim.bits is None or not sim.used else Activity.of(sim.bits, sim.used[0])


def stretches(sim: Sim) -> list[Stretch]:
    """Return the slots in which a SIM could be used without an interruption, oldest first."""
    return activity(sim).stretches(_pairs(sim.used), sim.cuts)


def sessions(sim: Sim, now: int) -> Iterator[Session]:
    """Return the sessions of a SIM that began at `now` (milliseconds) or before, the newest first."""
    if sim.bits is None:
        return (Session(*each) for each in reversed(_pairs(sim.opened)) if each[0] <= now)
    return activity(sim).sessions(stretches(sim), now)


def speed_classes(sim: Sim) -> list[tuple[int, str]]:
    """Return the speed classes of a SIM, each with the milliseconds since when it had it, oldest first."""
    first = sim.history[0]["speedClass"] if sim.history else sim.speed_class
    found: list[tuple[int, str]] = [(sim.created, first)]
    for moment in sim.history:
        if moment["speedClass"] != found[-1][1]:
            found.append((moment["applyDateTimeEpochSec"] * 1000, moment["speedClass"]))
    return found


def begin_session(sim: Sim, at: int) -> None:
    """Begin a session that a request ordered; the device of a seeded SIM has its own sessions."""
    if sim.bits is None:
        end_session(sim, at)
        sim.opened.append(at)
        settle(sim, at)


def end_session(sim: Sim, at: int) -> None:
    """End the session, if there is one; a seeded SIM that can be used begins the next one a little later."""
    if sim.bits is None and len(sim.opened) % 2:
        sim.opened.append(at)
    elif sim.bits is not None and len(sim.used) % 2:
        sim.cuts.append(_after(sim, at))
    elif sim.bits is not None and sim.used:
        sim.used[-1] = min(sim.used[-1], at)  # the last session goes on after the end of a term
    settle(sim, at)


def allow_sessions(sim: Sim, at: int, *, allowed: bool) -> None:
    """Let sessions begin from now on, or end the present one and allow none."""
    if not allowed:
        end_session(sim, at)
    if allowed and sim.used and sim.used[-1] > at:
        sim.used.pop()  # the last session, which goes on after the end of a term, is the last one no longer
    if allowed != bool(len(sim.used) % 2):
        sim.used.append(_after(sim, at))
    settle(sim, at)


def end_with_session(sim: Sim, at: int) -> None:
    """Let no session of a seeded SIM begin from now on; the present one goes on until its own end."""
    if sim.bits is not None and len(sim.used) % 2:
        present = next(sessions(sim, at), None)
        sim.used.append(_after(sim, at if present is None else max(at, present.deleted)))


def settle(sim: Sim, now: int) -> None:
    """Bring what a SIM shows of its sessions up to `now` (milliseconds)."""
    newest, previous = [*islice(sessions(sim, now), 2), None, None][:2]
    sim.online = newest is not None and newest.deleted > now
    sim.session_time = None if newest is None else newest.created if sim.online else newest.deleted
    last = previous if sim.online else newest
    sim.previous_session = None if last is None else (last.created, last.deleted)


def events(sim: Sim, now: int, start: int | None = None, end: int | None = None) -> Iterator[Event]:
    """Return the session events until `now` within `start` and `end` (milliseconds, both included), newest first."""
    last = now if end is None else min(now, end)
    for session in sessions(sim, last):
        if start is not None and session.deleted < start:
            return
        if session.deleted <= last:
            yield session.deleted, "Deleted", session
        if start is None or session.created >= start:
            yield session.created, "Created", session


def session_events(sim: Sim, now: int, start: int | None = None, end: int | None = None) -> Iterator[dict[str, Any]]:
    """Return the same events as the API shows them."""
    return (shape_event(sim, event) for event in events(sim, now, start, end))


def shape_event(sim: Sim, event: Event) -> dict[str, Any]:
    """Return a session event as the API shows it.

    Its keys are those of a body of 2019, and `simId`, `sessionId` and `subscription`, which the API document has.
    """
    time, kind, session = event
    return {
        "imsi": sim.imsi,
        "time": time,
        "createdTime": iso(session.created),
        "operatorId": sim.operator_id,
        "event": kind,
        "ueIpAddress": device_address(sim),
        "imei": device_imei(sim),
        "apn": "soracom.io",
        "dns0": DNS[0],
        "dns1": DNS[1],
        "cell": shape_cell(sim),
        "primaryImsi": sim.imsi,
        "simId": sim.sim_id,
        "sessionId": ulid(session.created, sim.identity),
        "subscription": sim.subscription,
    }


def _after(sim: Sim, at: int) -> int:
    """Return `at`, or the time of the last change if that is later: changes keep their order."""
    return max([at, *sim.used[-1:], *sim.cuts[-1:]])


def _pairs(times: list[int]) -> list[tuple[int, int]]:
    """Return begins and ends, of times that are a begin and an end by turns."""
    return list(pairwise([*times, FOREVER]))[::2]
