"""Connections, kept and closed: `soracom_async._http.connections`."""

from __future__ import annotations

import gc
import random
import socket

import anyio
import anyio.lowlevel
import pytest
from clock import settle, until
from servers import (
    SIM,
    Connection,
    Received,
    answering,
    logged_in,
    opened,
    reply,
    serving,
)

from soracom_async._http.connections import ConnectionPool, is_readable
from soracom_async._http.exchange import Request

pytestmark = pytest.mark.anyio


# Reuse


async def test_one_task_uses_one_connection(way):
    """Calls one after the other, the login among them, go over one connection."""
    async with serving(answering(reply(SIM))) as server, way(server.url) as soracom:
        for _ in range(20):
            assert (await soracom.sims.get("1")).sim_id == "1"
        assert server.accepted == 1
        assert len(server.requests) == 21


async def test_connections_opened_do_not_exceed_the_tasks():
    """50 tasks whose answers are slow open 50 connections, not one for every request."""
    tasks, rounds = 50, 10
    waiting: list[Connection] = []
    together = False

    async def handle(request: Received, connection: Connection) -> None:
        # Every task's request is under way before any is answered: what a latency does, without a clock.
        waiting.append(connection)
        if not together or len(waiting) == tasks:
            ready = waiting[:]
            waiting.clear()
            for each in ready:
                await each.send(reply(SIM))

    async def work() -> None:
        for _ in range(rounds):
            await soracom.sims.get("1")

    async with serving(logged_in(handle)) as server, opened(server.url) as soracom:
        await soracom.sims.get("1")  # the quota is known now: there is none
        together = True
        async with anyio.create_task_group() as group:
            for _ in range(tasks):
                group.start_soon(work)
        assert len(server.requests) == tasks * rounds + 2
        assert server.accepted == tasks


async def test_the_gate_bounds_the_connections(way):
    """With max_connections=3 a hundred tasks never have more than 3 connections."""
    async with serving(answering(reply(SIM))) as server, way(server.url, max_connections=3) as soracom:
        await soracom.sims.get("1")
        async with anyio.create_task_group() as group:
            for _ in range(100):
                group.start_soon(soracom.sims.get, "1")
        assert server.accepted <= 3
        assert len(server.requests) == 102


async def test_a_login_passes_no_gate(way):
    """With max_connections=1 the call that holds the gate can log in: a full gate does not wait for itself."""
    async with serving(answering(reply(SIM))) as server, way(server.url, max_connections=1) as soracom:
        with anyio.fail_after(10):
            async with anyio.create_task_group() as group:
                for _ in range(5):
                    group.start_soon(soracom.sims.get, "1")
        assert len(server.requests) == 6


async def test_an_answer_that_closes_the_connection_is_followed_by_a_new_one(way):
    """After `connection: close` the next call opens a connection of its own."""
    closing = reply(SIM, headers={"connection": "close"})
    async with serving(answering(closing, reply(SIM))) as server, way(server.url) as soracom:
        for _ in range(3):
            await soracom.sims.get("1")
        assert server.accepted == 2


async def test_a_kept_connection_that_was_closed_meanwhile_is_not_used():
    """The service closes the idle connection: the next call, even one that acts, goes out once over a new one."""
    end = anyio.Event()

    async def handle(request: Received, connection: Connection) -> None:
        await connection.send(reply(SIM))
        if connection.number == 1:
            await end.wait()
            await connection.end()

    async with serving(logged_in(handle)) as server, opened(server.url, max_retries=0) as soracom:
        await soracom.sims.get("1")
        (line,) = soracom._session._transports.to(server.url)._idle[server.url]
        assert not line.has_expired()
        end.set()
        await until(line.has_expired)
        await soracom.sims.send_sms("1", payload="x")
        assert server.accepted == 2
        assert [r.method for r in server.requests] == ["POST", "GET", "POST"]


async def test_a_kept_connection_that_dies_under_a_read_is_replaced_at_once(jumping_clock):
    """A reset before the first byte of the answer over a kept connection: the read is repeated without waiting."""

    async def handle(request: Received, connection: Connection) -> None:
        if connection.number == 1 and len(server.requests) == 3:
            await connection.reset()
        else:
            await connection.send(reply(SIM))

    async with serving(logged_in(handle)) as server, opened(server.url, clock=jumping_clock) as soracom:
        await soracom.sims.get("1")
        await soracom.sims.get("1")
        assert server.accepted == 2
        assert len(server.requests) == 4
        assert jumping_clock.slept == []


async def test_an_answer_that_came_before_its_request_is_not_taken(jumping_clock):
    """What a service sends unasked behind an answer never becomes the answer of the next request."""
    stray = reply(SIM) + reply({"simId": "stray"})
    async with (
        serving(answering(stray, reply(SIM))) as server,
        opened(server.url, clock=jumping_clock) as soracom,
    ):
        await soracom.sims.get("1")
        assert (await soracom.sims.get("1")).sim_id == "1"
        assert server.accepted == 2


# Cancellation


@pytest.mark.timeout(120)
async def test_mass_cancellation_under_contention_loses_no_connection(way):
    """3,000 calls cancelled at random points by 5 connections: no slot is lost, and the next 200 calls all succeed."""
    gate, dice = 5, random.Random(7)

    async def handle(request: Received, connection: Connection) -> None:
        if "/slow" in request.target:
            await anyio.lowlevel.checkpoint()
        await connection.send(reply(SIM, headers={"connection": "close"} if dice.random() < 0.1 else None))

    async def one(scope: anyio.CancelScope, name: str) -> None:
        with scope:
            if name == "act":
                await soracom.sims.send_sms("1", payload="x")
            else:
                await soracom.sims.get(name)

    async with serving(logged_in(handle)) as server, way(server.url, max_connections=gate) as soracom:
        await soracom.sims.get("1")
        for _ in range(60):
            scopes = [anyio.CancelScope() for _ in range(50)]
            async with anyio.create_task_group() as group:
                for scope in scopes:
                    group.start_soon(one, scope, dice.choice(["1", "slow", "act"]))
                dice.shuffle(scopes)
                for scope in scopes:
                    for _ in range(dice.randrange(4)):
                        await anyio.lowlevel.checkpoint()
                    scope.cancel()
        answered = 0
        async with anyio.create_task_group() as group:

            async def count() -> None:
                nonlocal answered
                await soracom.sims.get("1")
                answered += 1

            for _ in range(200):
                group.start_soon(count)
        assert answered == 200
        assert soracom._session._sender.gate.value == gate
        window = soracom._session.limiter.bucket(soracom._options.endpoint, operation()).window
        assert window.in_flight == 0
        # Abandoned connections are closed; the server sees that a moment later.
        await until(lambda: server.open <= gate)
    gc.collect()


def operation():
    from soracom_async.api.sim import GET_SIM

    return GET_SIM


@pytest.mark.parametrize("passes", range(12))
async def test_cancellation_at_any_point_closes_or_keeps_the_connection(passes):
    """Cancelled after so many passes of the loop, a request leaves no open connection outside of the free list."""

    async def handle(request: Received, connection: Connection) -> None:
        await connection.send(reply(SIM))

    async with serving(handle) as server:
        connections = ConnectionPool()
        request = Request(server.url, "GET", b"/v1/sims/1", [(b"host", b"x")], None)
        answer = await connections.send(request, 5)
        assert answer.status == 200
        async with anyio.create_task_group() as group:
            group.start_soon(connections.send, request, 5)
            group.start_soon(connections.send, request, 5)
            await settle(passes)
            group.cancel_scope.cancel()
        kept = sum(len(lines) for lines in connections._idle.values())
        await until(lambda: server.open <= kept)
        await connections.aclose()
        await until(lambda: not server.open)
    gc.collect()


async def test_a_request_cancelled_before_it_begins_leaves_no_connection_open():
    """A scope that is cancelled already: the kept connection is closed, not forgotten."""
    async with serving(answering(reply(SIM))) as server:
        connections = ConnectionPool()
        request = Request(server.url, "GET", b"/v1/sims/1", [(b"host", b"x")], None)
        await connections.send(request, 5)
        with anyio.CancelScope() as scope:
            scope.cancel()
            await connections.send(request, 5)
        assert scope.cancelled_caught
        kept = sum(len(lines) for lines in connections._idle.values())
        await until(lambda: server.open <= kept)
        await connections.aclose()
    gc.collect()


async def test_closing_closes_what_is_under_way_as_soon_as_it_ends():
    """A session closed under a call that still waits for its answer leaves no connection open."""
    asked, go = anyio.Event(), anyio.Event()

    async def handle(request: Received, connection: Connection) -> None:
        asked.set()
        await go.wait()
        await connection.send(reply(SIM))

    async with serving(logged_in(handle)) as server:
        soracom = opened(server.url)
        async with anyio.create_task_group() as group:
            group.start_soon(soracom.sims.get, "1")
            await asked.wait()
            await soracom.aclose()
            go.set()
        await until(lambda: not server.open)
    gc.collect()


# The table of errors


async def test_an_older_kept_connection_that_ended_is_closed():
    """Of two kept connections the one used last serves; the end of the other is noticed and its socket closed."""
    together: list[Connection] = []

    async def handle(request: Received, connection: Connection) -> None:
        together.append(connection)
        if len(together) == 2:
            for each in together[:2]:
                await each.send(reply(SIM))
        elif len(together) > 2:
            await connection.send(reply(SIM))

    async def watch(connection: Connection) -> None:
        connections_of_server[connection.number] = connection

    connections_of_server: dict[int, Connection] = {}
    async with serving(handle, accept=watch) as server:
        connections = ConnectionPool()
        request = Request(server.url, "GET", b"/v1/sims/1", [(b"host", b"x")], None)
        async with anyio.create_task_group() as group:
            group.start_soon(connections.send, request, 20)
            group.start_soon(connections.send, request, 20)
        (lines,) = connections._idle.values()
        older, newer = lines
        port = older._wire._stream.extra(anyio.abc.SocketAttribute.local_port)
        (ended,) = (
            connection
            for connection in connections_of_server.values()
            if connection.stream.extra(anyio.abc.SocketAttribute.remote_port) == port
        )
        await ended.end()
        await until(older.has_expired)
        await connections.send(request, 20)
        assert lines == [newer]
        assert server.accepted == 2
        await connections.aclose()
    gc.collect()


def test_readable_without_poll(monkeypatch):
    """Where the system has no `poll`, `select` tells as well whether an idle connection has ended."""
    import select

    monkeypatch.delattr(select, "poll")
    one, other = socket.socketpair()
    with one:
        assert not is_readable(one)
        other.close()
        assert is_readable(one)
    assert is_readable(one)
    assert is_readable(None)
