"""Port mappings lead to a SIM's device for a while; a log says what became of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from soracom_async import BadRequest, NotFound, Soracom
from soracom_async.emulator.state.sims import imsi, sim_id

pytestmark = pytest.mark.anyio
MINUTES = 60


@pytest.fixture
async def stranger(emulator, clock, anyio_backend):
    """Another operator."""
    credentials = emulator.credentials_of(emulator.add_operator("other@example.com", sims=5))
    async with Soracom(credentials, transport=emulator.transport, clock=clock) as soracom:
        yield soracom


def to(port=22, **names):
    return {"port": port, **names}


async def endpoints(pages):
    return [mapping.endpoint for mapping in await pages.collect()]


async def events(soracom, **asked):
    return [(entry.type, entry.imsi) for entry in await soracom.audit_logs.napter.get(**asked).collect()]


async def test_made_for_a_sim(soracom):
    """A port mapping has an address of its own and says what it leads to, from where, and for how long."""
    made = await soracom.port_mappings.create(
        destination=to(simId=sim_id(1), imsi=imsi(2), service="air"),
        duration=600,
        tls_required=True,
        source={"ipRanges": ["198.51.100.7", "192.0.2.0/24"]},
    )
    assert made.endpoint == f"{made.ip_address}:{made.port}"
    assert made.hostname.startswith(made.ip_address.replace(".", "-"))
    assert (made.sim_id, made.imsi, made.tls_required, made.duration) == (sim_id(1), None, True, 600)
    assert made.destination.destination_choosing_strategy == "AIR_PRIORITIZED"
    assert (made.destination.sim_id, made.destination.port) == (sim_id(1), 22)
    assert made.destination.service is None
    assert made.source.ip_ranges == ["198.51.100.7/32", "192.0.2.0/24"]
    assert (made.expired_time - made.created_time).total_seconds() == 600
    assert await soracom.port_mappings.list_for_sim(sim_id(1)) == [made]
    assert await soracom.port_mappings.list().collect() == [made]
    with pytest.raises(NotFound):
        await soracom.port_mappings.list_for_subscriber(imsi(1))


async def test_how_a_session_is_chosen(soracom):
    """It is the one of the service, any, or the IMSI's; nothing else said, it lives half an hour for who asks."""
    made = await soracom.port_mappings.create_for_sim(sim_id(1), destination=to(service="arc"))
    assert made.destination.destination_choosing_strategy == "ARC_PRIORITIZED"
    made = await soracom.port_mappings.create_for_sim(sim_id(1), destination=to())
    assert made.destination.destination_choosing_strategy == "DYNAMIC"
    made = await soracom.port_mappings.create(destination=to(imsi=imsi(1)))
    assert made.destination.destination_choosing_strategy == "IMSI_PRIORITIZED"
    assert (made.sim_id, made.imsi, made.tls_required, made.duration) == (None, imsi(1), False, 30 * MINUTES)
    assert made.source.ip_ranges == ["127.0.0.1/32"]
    assert await soracom.port_mappings.list_for_subscriber(imsi(1)) == [made]
    assert len(await soracom.port_mappings.list_for_sim(sim_id(1))) == 2


async def test_when_the_last_one_was_made(emulator, soracom):
    """The SIM tells when the last port mapping to it was created."""
    assert (await soracom.sims.get(sim_id(1))).last_port_mapping_created_time is None
    for _ in range(2):
        emulator.advance(60)
        made = await soracom.port_mappings.create(destination=to(simId=sim_id(1)))
    assert (await soracom.sims.get(sim_id(1))).last_port_mapping_created_time == made.created_time


async def test_what_is_refused(soracom, stranger):
    """It leads to a port of a SIM that is the operator's and in use, for at most eight hours."""
    create = soracom.port_mappings.create
    for destination, more, problem in (
        (to(), {}, "neither simId nor imsi"),
        (to(simId=sim_id(1), port=None), {}, "port is not within"),
        (to(simId=sim_id(1), port=0), {}, "port is not within"),
        (to(simId=sim_id(1), port=22.5), {}, "port is not an integer"),
        (to(simId=sim_id(1), service="sms"), {}, "not one of air, arc"),
        (to(simId=sim_id(1)), {"duration": 8 * 60 * MINUTES + 1}, "duration is not within"),
        (to(simId=sim_id(1)), {"duration": 0}, "duration is not within"),
        (to(simId=sim_id(1)), {"source": {"ipRanges": ["here"]}}, "ipRanges"),
    ):
        with pytest.raises(BadRequest, match=problem):
            await create(destination=destination, **more)
    with pytest.raises(NotFound):
        await stranger.port_mappings.create(destination=to(simId=sim_id(1)))
    with pytest.raises(NotFound):
        await stranger.port_mappings.list_for_sim(sim_id(1))
    await soracom.sims.enable_termination(sim_id(2))
    await soracom.sims.terminate(sim_id(2))
    with pytest.raises(BadRequest):
        await create(destination=to(simId=sim_id(2)))
    assert await soracom.port_mappings.list().collect() == []


async def test_its_end(emulator, soracom, stranger):
    """It ends with its time, or before when it is deleted by who made it."""
    short, long, third = [
        await soracom.port_mappings.create_for_sim(sim_id(number), destination=to(), duration=duration)
        for number, duration in ((1, 60), (1, 120), (2, 120))
    ]
    emulator.advance(59)
    assert await endpoints(soracom.port_mappings.list(limit=1)) == [each.endpoint for each in (short, long, third)]
    emulator.advance(1)
    assert await soracom.port_mappings.list().collect() == [long, third]
    with pytest.raises(NotFound):
        await stranger.port_mappings.delete(long.ip_address, str(int(long.port)))
    await soracom.port_mappings.delete(long.ip_address, str(int(long.port)))
    with pytest.raises(NotFound):
        await soracom.port_mappings.delete(long.ip_address, str(int(long.port)))
    with pytest.raises(NotFound, match="port mapping for"):
        await soracom.port_mappings.list_for_sim(sim_id(1))
    assert await soracom.port_mappings.list().collect() == [third]


async def test_the_log(emulator, soracom, stranger):
    """What became of port mappings is told newest first, of all SIMs or of one, within a time."""
    begin = emulator.world.milliseconds()
    first = await soracom.port_mappings.create_for_sim(sim_id(1), destination=to(80), duration=60)
    emulator.advance(10)
    second = await soracom.port_mappings.create(destination=to(imsi=imsi(2)), tls_required=True)
    emulator.advance(90)
    await soracom.port_mappings.delete(second.ip_address, str(int(second.port)))
    expected = [("DELETED", imsi(2)), ("EXPIRED", imsi(1)), ("CREATED", imsi(2)), ("CREATED", imsi(1))]
    assert await events(soracom) == expected
    assert await events(soracom, limit=1) == expected
    assert await events(soracom, resource_type="Subscriber", resource_id=imsi(1)) == expected[1::2]
    assert await events(soracom, from_=begin + 10_000, to=begin + 60_000) == expected[1:3]
    assert await events(stranger) == []
    newest, expired, *_ = await soracom.audit_logs.napter.get().collect()
    assert (newest.tls, expired.tls) == (True, False)
    assert (expired.created_at, expired.operator_id) == (
        datetime.fromtimestamp(begin / 1000, UTC) + timedelta(minutes=1),
        emulator.operator_id,
    )
    assert expired.direction.source_ip_address == first.ip_address
    assert (expired.direction.source_port, expired.direction.destination_port) == (first.port, 80)
    with pytest.raises(BadRequest, match="resource_type"):
        await events(soracom, resource_type="Device")
