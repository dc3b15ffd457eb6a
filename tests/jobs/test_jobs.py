"""Jobs from their start to what they make, each kind once; taking them up again; what cannot be a job."""

from __future__ import annotations

import gzip
import json
import pickle
from datetime import UTC, datetime

import pytest

from soracom_async import BadRequest, ConfigurationError, NotFound, Soracom
from soracom_async.jobs import KINDS, JobFailed

pytestmark = pytest.mark.anyio

MONTH = {"yyyy_mm": "202412"}


async def statement(soracom):
    known = (await soracom.payment_statements.list()).payment_statements_list
    return {"payment_statement_id": known[0].payment_statement_id}


async def period(soracom):
    return {"from_": datetime(2024, 12, 30, tzinfo=UTC), "to": datetime(2025, 1, 1, tzinfo=UTC), "period": "day"}


async def nothing(soracom):
    return {}


async def month(soracom):
    return MONTH


@pytest.mark.parametrize(
    ("start", "arguments"),
    [
        ("exportBilling", month),
        ("exportLatestBilling", nothing),
        ("exportPaymentStatement", statement),
        ("exportSubscribers", nothing),
        *((f"export{service}Stats", period) for service in ("Air", "Beam", "Funk", "Funnel", "Harvest")),
    ],
)
async def test_exports_of_files(soracom, emulator, tmp_path, start, arguments):
    """Each is made in the background, waited for, and saved."""
    job = await soracom.jobs.start(start, **await arguments(soracom))
    assert (job.state, job.url, job.over) == (None, None, False)
    assert str(job) == f"the job of {start} {job.id}"
    assert await job.wait() is job
    assert (job.state, job.result.status, job.over, job.parts) == ("exported", "exported", True, ())
    path = tmp_path / "a.csv"
    assert await job.save(path) == [path]
    assert b"," in path.read_bytes()
    assert emulator.counts["getExportedFile"] == 2
    assert emulator.leaks == 0


async def test_an_export_whose_file_comes_at_once(soracom, emulator, tmp_path):
    """Its job is done as soon as it is started; nobody is asked for it."""
    job = await soracom.jobs.run("exportSubscribers", export_mode="sync")
    assert (job.id, job.state, job.over) == (None, "exported", True)
    assert await job.poll() == "exported"
    await job.save(tmp_path / "a.csv")
    assert emulator.counts["getExportedFile"] == 0
    emulator.advance(7200)
    with pytest.raises(Exception, match="ask for a new URL, or start the export again"):
        await job.save(tmp_path / "b.csv")


async def test_a_query(soracom, tmp_path):
    """As a job, it makes a file of compressed JSON lines."""
    job = await soracom.jobs.run("startAnalysisQueries", sql="SELECT COUNT(*) AS N FROM SIM_SNAPSHOTS")
    assert job.result.row_count == 1
    await job.save(tmp_path / "n.jsonl.gz")
    assert json.loads(gzip.decompress((tmp_path / "n.jsonl.gz").read_bytes())) == {"N": 20}
    with pytest.raises(ConfigurationError, match=r"n.xlsx: .* makes a file of another kind; name it n.gz$"):
        await job.save(tmp_path / "n.xlsx")


async def test_a_diagnosis(soracom):
    """It makes no file: what it found is in its result."""
    (sim, *_) = await soracom.sims.list().collect()
    job = await soracom.jobs.run(
        soracom.diagnostics.send_request, service="Air", resource_type="sim", resource_id=sim.sim_id
    )
    assert (job.state, job.url) == ("done", None)
    assert job.result.insights
    for fails in (job.save("a.csv"), job.items(), job.cancel()):
        with pytest.raises(ConfigurationError, match="sendDiagnosticRequest"):
            await fails
    with pytest.raises(ConfigurationError, match="makes no file: see its 'result'"):
        async with job.stream():
            pass


async def test_a_batch_job(soracom, emulator):
    """Its tasks are its items; if some of them fail, the job has failed, and says which."""
    sims = await soracom.sims.list().collect()
    group = await soracom.batch_groups.create(batch_group_name="all")

    def tasks(*sim_ids):
        return [{"request": {"method": "POST", "path": f"/v1/sims/{sim_id}/suspend"}} for sim_id in sim_ids]

    active = [sim.sim_id for sim in sims if sim.status == "active"][:2]
    job = await soracom.jobs.run("createBatchJob", batch_group_id=group.batch_group_id, tasks=tasks(*active))
    assert job.where == {"batch_group_id": group.batch_group_id}
    assert job.result.summary.success == 2
    assert [task.status for task in await job.items()] == ["success", "success"]
    job = await soracom.jobs.start(
        soracom.batch_groups.jobs.create, group.batch_group_id, tasks=tasks("nobody", active[0])
    )
    with pytest.raises(JobFailed, match=r"is failed: .*tasks failed\.; all tasks were run, and some failed") as caught:
        await job.wait()
    assert caught.value.job is job
    assert (caught.value.state, caught.value.reason) == ("failed", job.result.error_message)
    assert {task.status for task in await job.items(status="error")} == {"error"}
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (str(copy), copy.state, copy.reason) == (str(caught.value), "failed", caught.value.reason)
    assert not hasattr(copy, "job")


async def test_an_order_of_profiles(soracom):
    """Its confirmation starts the job; the draft before it is none."""
    with pytest.raises(ConfigurationError, match="it makes a draft, which waits to be confirmed: confirmProfileOrder"):
        await soracom.jobs.run("createProfileOrder", quantity=2, subscription="plan01s")
    draft = await soracom.sim_profile_orders.create(quantity=2, subscription="plan01s")
    job = await soracom.jobs.start("confirmProfileOrder", profile_order_id=draft.profile_order_id)
    assert (job.id, job.state) == (draft.profile_order_id, "CONFIRMED")
    await job.wait()
    assert job.state == "COMPLETED"
    assert len(await job.items()) == 2


@pytest.fixture
async def offer(soracom):
    """An offer of a product with SIMs."""
    address = await soracom.shipping_addresses.create(
        address_line1="1-2-3", city="Minato", state="Tokyo", zip_code="1070052", country_code="JP", full_name="Ann"
    )
    products = (await soracom.products.list()).product_list
    code = next(each.product_code for each in products if each.product_type == "sim")
    return await soracom.orders.create(
        order_item_list=[{"productCode": code, "quantity": 1}], shipping_address_id=address.shipping_address_id
    )


async def test_an_order(soracom, offer):
    """It is done once it is paid: the parcel takes days."""
    job = await soracom.jobs.run("confirmOrder", order_id=offer.order_id)
    assert (job.id, job.state) == (offer.order_id, "ordered")
    assert isinstance(await job.items(), list)


async def test_an_order_that_is_cancelled(soracom, offer):
    """Whoever waits for it is told."""
    job = await soracom.jobs.start("confirmOrder", order_id=offer.order_id)
    assert await job.cancel() == "cancelled"
    with pytest.raises(JobFailed, match="is cancelled$"):
        await job.wait()


@pytest.mark.parametrize("of", ["sim", "vpg"])
async def test_captures(soracom, emulator, tmp_path, of):
    """One that lasts longer than an hour is waited for without being told to; one that is stopped has a file, too."""
    if of == "sim":
        sim = next(sim for sim in await soracom.sims.list().collect() if sim.status == "active")
        start, where = "createSimPacketCaptureSession", {"sim_id": sim.sim_id}
    else:
        vpg = await soracom.vpg.create(type=14)
        start, where = "createPacketCaptureSession", {"vpg_id": vpg.vpg_id}
    began = emulator.clock.now()
    job = await soracom.jobs.run(start, duration=5000, **where)
    assert (job.state, job.where) == ("DONE", where)
    assert 5000 <= emulator.clock.now() - began <= 5050
    await job.save(tmp_path / "a.pcap")
    assert (tmp_path / "a.pcap").stat().st_size > 0
    job = await soracom.jobs.start(start, duration=80000, **where)
    emulator.advance(10)
    assert await job.poll() == "CAPTURING"
    assert await job.cancel() == "STOPPED"
    await job.save(tmp_path / "b.pcap")


async def test_a_job_is_taken_up_by_another_process(soracom, emulator, camera, hours_ago, tmp_path):
    """By what started it, its identifier, and the arguments that name it."""
    job = await soracom.jobs.start("exportSoraCamDeviceRecordedImage", device_id=camera, time=hours_ago(3))
    async with Soracom(emulator.auth_key, transport=emulator.transport, clock=emulator.clock) as another:
        again = another.jobs.resume(job.kind.start, job.id, **job.where)
        assert (again.state, again.result, again.over) == (None, None, False)
        await again.save(tmp_path / "a.jpeg")
        assert again.result.export_id == job.id
        with pytest.raises(NotFound):
            await another.jobs.resume("exportBilling", "nothing").wait()
        assert emulator.counts["getExportedFile"] == 1


async def test_what_cannot_be_resumed(soracom, emulator):
    """The error says what names a job; nothing is sent."""
    jobs = soracom.jobs
    for call, said in (
        (lambda: jobs.resume("exportBilling", ""), "the identifier of a job is text, not ''"),
        (lambda: jobs.resume("exportBilling", 5), "the identifier of a job is text, not 5"),
        (lambda: jobs.resume("createBatchJob", "1"), "is named by its id, batch_group_id, and its id was given"),
        (lambda: jobs.resume("exportBilling", "1", a=1), "is named by its id, and its id, a was given"),
        (lambda: jobs.resume("suspendSim", "1"), "suspendSim starts no job: it is done when it answers: call it. Jobs"),
    ):
        with pytest.raises(ConfigurationError, match=said):
            call()
    assert emulator.requests == 0


async def test_what_cannot_be_started(soracom, emulator):
    """The error says what can; nothing is sent."""
    other = soracom.with_options(timeout=5)
    for what, positional, arguments, said in (
        ("suspendSim", (), {"sim_id": "1"}, "starts no job"),
        ("exportNothing", (), {}, "there is no operation 'exportNothing'"),
        ("exportBilling", ("202412",), {}, "takes its arguments by name"),
        (soracom.bills.export, (), {}, "exportBilling: missing a required argument: 'yyyy_mm'"),
        (other.bills.export, ("202412",), {}, "belongs to another client"),
        (print, (), {}, "not by <built-in function print>"),
    ):
        with pytest.raises(ConfigurationError, match=said):
            await soracom.jobs.start(what, *positional, **arguments)
    assert emulator.requests == 0
    for seconds in (0, -1, float("inf"), float("nan"), True, "1"):
        job = soracom.jobs.resume("exportBilling", "1")
        with pytest.raises(ConfigurationError, match="timeout=.* must be a number of seconds"):
            await job.wait(timeout=seconds)
        with pytest.raises(ConfigurationError, match="timeout=.* must be a number of seconds"):
            await soracom.jobs.run("exportBilling", yyyy_mm="202412", timeout=seconds)
        with pytest.raises(ConfigurationError, match="timeout=.* must be a number of seconds"):
            soracom.jobs.analysis("SELECT 1", timeout=seconds)
    assert emulator.requests == 0


async def test_a_body_as_a_whole(soracom, camera, hours_ago):
    """Nothing is added to it."""
    body = {"from": int(hours_ago(3).timestamp() * 1000), "to": int(hours_ago(3).timestamp() * 1000) + 60_000}
    job = await soracom.jobs.run("exportSoraCamDeviceRecordedVideo", device_id=camera, body=body)
    async with job.stream() as answer:
        assert answer.content_type == "application/zip"
    body = {"from": int(hours_ago(72).timestamp()), "to": int(hours_ago(3).timestamp()), "period": "day"}
    job = await soracom.jobs.run("exportAirStats", body=body)
    assert job.id


async def test_a_refusal_is_raised_as_it_is(soracom):
    """No job begins."""
    with pytest.raises(BadRequest):
        await soracom.jobs.run("startAnalysisQueries", sql="SELECT")


async def test_names_that_cannot_be(soracom, emulator, tmp_path):
    """Nothing is fetched for a name of another kind, nor for a directory that is not there."""
    job = await soracom.jobs.run("exportSubscribers")
    with pytest.raises(ConfigurationError, match=r"fleet.xlsx: .* name it fleet.csv"):
        await job.save(tmp_path / "fleet.xlsx")
    with pytest.raises(FileNotFoundError, match="is no directory, so fleet.csv cannot be saved in it"):
        await job.save(tmp_path / "none" / "fleet.csv")
    assert list(tmp_path.iterdir()) == []
    assert await job.save(str(tmp_path / "fleet")) == [tmp_path / "fleet"]


async def test_the_table_is_public():
    """It names each operation that starts a job."""
    assert len(KINDS) == 18


async def test_repr(soracom):
    """What is seen of a job shows its state, and no URL, which is a permission."""
    job = await soracom.jobs.run("exportSubscribers")
    assert repr(job) == f"<Job exportSubscribers id={job.id!r} state='exported'>"
    assert soracom.jobs is soracom.jobs
