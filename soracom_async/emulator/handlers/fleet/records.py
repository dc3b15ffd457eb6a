"""History and session events of a SIM, messages to it, and virtual SIMs."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypeVar

from ...domain import short_messages
from ...durations import SECOND_MS
from ...protocol.errors import Refusal
from ...protocol.messages import Page
from ...service.call import Call
from ...state import life
from ...state.paging import first_page, no_such_key, number_in
from ...state.sessions import events, shape_event
from ...state.sims import SHAPES, Sim
from ...state.subscriptions import VIRTUAL
from .. import handles
from ..common.stock import free_number
from .arc import new_keys
from .sims import changed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")


def timed(
    call: Call, entries: Sequence[T], time: Callable[[T], int], shown: Callable[[T], Any] = lambda entry: entry
) -> Page:
    """Return the page of `entries`, which are oldest first, that the query's from, to, sort, limit and key mean.

    The newest entry is the first one unless the query says otherwise. The key is the time of the last entry of the page
    before, and its number counted from the oldest of all. So new entries between two pages move nothing. `time` returns
    the milliseconds of an entry, and `shown` what the API shows of it.
    """
    query = call.query
    start, end = query.get("from"), query.get("to")
    order = query.get("sort", "desc")
    if order not in ("asc", "desc"):
        raise Refusal.invalid("{0} is not one of {1}", "sort", ("asc", "desc"))
    numbers = range(len(entries))
    if key := query.get("last_evaluated_key"):
        before, behind = _place(key, entries, time)
        numbers = numbers[behind:] if order == "asc" else numbers[:before]
    if order == "desc":
        numbers = numbers[::-1]
    chosen = (
        number
        for number in numbers
        if (start is None or time(entries[number]) >= start) and (end is None or time(entries[number]) <= end)
    )
    found, next_key = first_page(chosen, call.limit(), key=lambda number: f"{time(entries[number])}_{number}")
    return Page.of([shown(entries[number]) for number in found], next_key)


def _place(key: str, entries: Sequence[T], time: Callable[[T], int]) -> tuple[int, int]:
    """Return how many entries are older than the one that a key names, and how many are with it.

    A key that is only a time, as the API document has it, names all entries of that time. Entries are never removed.
    """
    moment, line, number = key.partition("_")
    at = number_in(moment)
    first, behind = (bisect(entries, at, key=time) for bisect in (bisect_left, bisect_right))
    if line:
        first, behind = max(first, number_in(number)), min(behind, number_in(number) + 1)
    if first >= behind:
        raise no_such_key()
    return first, behind


@handles("listSimStatusHistory")
def status_history(call: Call) -> Page:
    """Return the states of a SIM."""
    sim = call.operator.fleet.look(call.sim_number())
    return timed(call, life.history(sim), lambda moment: moment["applyDateTimeEpochSec"] * SECOND_MS)


@handles("listSimSessionEvents", "listSessionEvents")
def session_events(call: Call) -> Page:
    """Return the session events of a SIM."""
    sim = call.operator.fleet.look(call.sim_number())
    return timed(call, [*events(sim, call.now)][::-1], itemgetter(0), partial(shape_event, sim))


@handles("sendSmsToSim", "sendSms", "sendSmsByMsisdn")
def send_sms(call: Call) -> Any:
    """Accept a message for delivery."""
    sim = call.operator.fleet.look(call.sim_number())
    life.usable(sim)
    call.required("payload")
    encoding = call.body.get("encodingType")
    encoding = short_messages.UCS2 if encoding is None else encoding
    if encoding not in short_messages.MOST:
        raise Refusal.invalid("{0} is not one of {1}", "body.encodingType", tuple(short_messages.MOST))
    short_messages.check(call.body["payload"], encoding)
    if sim.type == "virtual":
        raise Refusal("SEM9031")
    # Guessed: the status `inactive` stops sessions only; a SIM that is in standby or suspended is off the network.
    if sim.status not in ("ready", "active", "inactive"):
        raise Refusal("SEM9032", sim.status)
    return {"messageId": call.world.uuid()}


@handles("reportSimLocalInfo", "reportLocalInfo")
def report_local_info(call: Call) -> Any:
    """Ask the SIM to report; the answer is the subscriber, also for the Sim group."""
    sim = call.operator.fleet.look(call.sim_number())
    life.usable(sim)
    return SHAPES["subscriber"](sim)


@handles("createSim")
def create_sim(call: Call) -> Any:
    """Make a virtual SIM."""
    if (call.body["type"], call.body["subscription"]) != ("virtual", VIRTUAL):
        raise Refusal.invalid("{0} is not one of {1}", "body.subscription", VIRTUAL)
    sim = call.operator.fleet.blank(
        free_number(call.world),
        call.now,
        type="virtual",
        module_type="virtual",
        serial_number=None,
        subscription=VIRTUAL,
        speed_class="arc.standard",
        status="active",
        arc_keys=new_keys(call),
    )
    call.operator.fleet.add(sim)
    return SHAPES["sim"](sim)


@handles("putBundles")
def put_bundles(call: Call) -> Any:
    """Set the bundles of a subscriber."""

    def change(sim: Sim) -> None:
        life.usable(sim)
        sim.bundles = list(call.body)

    return changed(call, change)
