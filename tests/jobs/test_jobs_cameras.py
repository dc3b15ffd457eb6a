"""Exports of cameras: one file, numbered parts of a long period, images at an interval; the export time."""

from __future__ import annotations

import zipfile
from datetime import datetime, timedelta

import pytest

from soracom_async import (
    BadRequest,
    ConfigurationError,
    NotFound,
    SamUser,
    ServerError,
    Soracom,
)
from soracom_async.jobs import JobFailed, JobTimeout, Parts

pytestmark = pytest.mark.anyio

VIDEO, IMAGE = "exportSoraCamDeviceRecordedVideo", "exportSoraCamDeviceRecordedImage"
POLL, POLL_IMAGE = "getSoraCamDeviceExportedVideo", "getSoraCamDeviceExportedImage"
MINUTE = timedelta(minutes=1)


def numbered(tmp_path, *numbers, stem="night", suffix=".mp4"):
    return [tmp_path / f"{stem}-{number:03}{suffix}" for number in numbers]


async def test_a_short_video(soracom, emulator, camera, hours_ago, tmp_path):
    """It is one MP4 file, unless an archive is asked for."""
    start = hours_ago(3)
    job = await soracom.jobs.run(VIDEO, device_id=camera, from_=start, to=start + 10 * MINUTE)
    assert (job.state, job.parts) == ("completed", ())
    assert await job.save(tmp_path / "night.mp4") == [tmp_path / "night.mp4"]
    assert b"ftyp" in (tmp_path / "night.mp4").read_bytes()
    job = await soracom.jobs.run(VIDEO, device_id=camera, from_=start, to=start + MINUTE, archive=True)
    with pytest.raises(ConfigurationError, match=r"name it night.zip, or start it with archive=False"):
        await job.save(tmp_path / "night.mp4")
    (path,) = await job.save(tmp_path / "night.zip")
    assert zipfile.ZipFile(path).namelist() == [f"{job.id}.mp4"]


async def test_an_archive_that_is_taken_up(soracom, emulator, camera, hours_ago, tmp_path):
    """Nobody knows how it was started: what comes tells what it is."""
    job = await soracom.jobs.start(VIDEO, device_id=camera, from_=hours_ago(3), to=hours_ago(2.9), archive=True)
    again = soracom.jobs.resume(VIDEO, job.id, device_id=camera)
    with pytest.raises(ConfigurationError, match=r"name it night.zip"):
        await again.save(tmp_path / "night.mp4")
    assert list(tmp_path.iterdir()) == []
    await again.save(tmp_path / "night.zip")
    job = await soracom.jobs.start(VIDEO, device_id=camera, from_=hours_ago(3), to=hours_ago(2.9))
    await soracom.jobs.resume(VIDEO, job.id, device_id=camera).save(tmp_path / "night.mp4")


async def test_a_long_video(soracom, emulator, camera, hours_ago, tmp_path):
    """It comes in parts of a quarter of an hour; those without a recording have no number."""
    # The recording stopped 30 hours ago, and went on 29 hours ago.
    job = await soracom.jobs.run(
        soracom.sora_cam.devices.videos.export, camera, from_=hours_ago(31), to=hours_ago(28.4)
    )
    assert isinstance(job, Parts)
    assert (len(job.parts), job.state, job.id, job.url, job.over) == (7, "completed", None, None, False)
    assert [part.id is not None for part in job.parts] == [True] * 4 + [False] * 3
    assert [await part.poll() for part in job.parts[3:5]] == ["completed", None]
    assert await job.parts[5].wait() is job.parts[5]  # it is ordered by that
    assert str(job) == f"the job of {VIDEO} in 7 parts"
    assert repr(job) == f"<Parts {VIDEO}: 5 of 7 ordered, state='completed'>"
    told = []
    paths = await job.save(tmp_path / "night.mp4", progress=lambda done, total: told.append((done, total)))
    assert paths == numbered(tmp_path, *range(1, 8)) == sorted(tmp_path.iterdir())
    assert told[-1] == (sum(path.stat().st_size for path in paths), None)
    assert job.over
    assert len(job.result) == len(job.parts) == 7
    times = [each["from_"] for each in job.skipped]
    assert times == [int(hours_ago(hours).timestamp() * 1000) for hours in (30, 29.75, 29.5, 29.25)]
    assert emulator.counts[VIDEO] == 7
    assert await job.poll() == "completed"
    with pytest.raises(ConfigurationError, match="makes several files: save them, or stream each of its 'parts'"):
        async with job.stream():
            pass


async def test_a_night_takes_longer_than_its_urls_live(soracom, emulator, camera, hours_ago, tmp_path):
    """Parts are ordered as they are saved, a few at once: no file waits until its URL has run out."""
    with emulator.fault("latency", operation=POLL, seconds=20):
        job = await soracom.jobs.run(VIDEO, device_id=camera, from_=hours_ago(20), to=hours_ago(8))
        assert len(await job.save(tmp_path / "night.mp4")) == 48
    assert emulator.clock.now() > 600


async def test_parts_that_ran_out(soracom, emulator, camera, hours_ago, tmp_path):
    """If nobody saves them for ten minutes, they have failed; the others are saved all the same."""
    job = await soracom.jobs.run(VIDEO, device_id=camera, from_=hours_ago(4), to=hours_ago(2.5))
    emulator.advance(700)
    with pytest.raises(JobFailed, match="is expired: its file is there for 10 minutes only: start") as caught:
        await job.save(tmp_path / "night.mp4")
    assert caught.value.__notes__ == ["4 parts failed; the others are saved"]
    assert sorted(tmp_path.iterdir()) == numbered(tmp_path, 5, 6)
    with pytest.raises(JobFailed):
        await job.save(tmp_path / "night.mp4")
    assert emulator.counts[VIDEO] == 6  # each order costs export time, so who wants it again says so
    for path, part in zip(numbered(tmp_path, *range(1, 7)), job.parts, strict=True):
        if part.state in part.kind.failed:
            await (await soracom.jobs.start(VIDEO, **part.arguments)).save(path)
    assert sorted(tmp_path.iterdir()) == numbered(tmp_path, *range(1, 7))


async def test_a_part_that_fails(soracom, emulator, camera, hours_ago, tmp_path):
    """`wait` raises it at once, `save` behind the others."""
    with emulator.fault("job-state", operation=POLL, count=1):
        with pytest.raises(JobFailed, match="is failed$"):
            await soracom.jobs.run(VIDEO, device_id=camera, from_=hours_ago(4), to=hours_ago(3))
        emulator.fault("job-state", operation=POLL, count=1)
        job = await soracom.jobs.start(VIDEO, device_id=camera, from_=hours_ago(4), to=hours_ago(3))
        with pytest.raises(JobFailed, match="is failed$") as caught:
            await job.save(tmp_path / "night.mp4")
    assert not hasattr(caught.value, "__notes__")
    assert len(list(tmp_path.iterdir())) == 3


async def test_a_save_that_breaks_off_goes_on(soracom, emulator, camera, hours_ago, tmp_path):
    """What was saved is not saved again; what was ordered is not ordered again."""
    job = await soracom.jobs.start(VIDEO, device_id=camera, from_=hours_ago(5), to=hours_ago(2))
    emulator.fault("error", operation=VIDEO, from_=30, until=60, status=500, done=False)
    with pytest.raises(ServerError) as caught:
        await job.save(tmp_path / "night.mp4")
    *_, note = caught.value.__notes__
    ids = [part.id for part in job.parts if part.id]
    assert note == f"these parts were ordered before, and can be taken up: {', '.join(ids)}"
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert 4 <= len(ids) < 12
    emulator.advance(60)
    paths = await job.save(tmp_path / "night.mp4")
    assert paths == numbered(tmp_path, *range(1, 13))
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert emulator.counts[VIDEO] == 12 + 1  # the one that was refused


async def test_an_order_that_cannot_be(soracom, emulator, camera, hours_ago):
    """The first part's refusal is raised; so is that of a part of whose time there is a recording."""
    emulator.fault("error", operation=VIDEO, status=500)
    with pytest.raises(ServerError) as caught:
        await soracom.jobs.start(VIDEO, device_id=camera, from_=hours_ago(5), to=hours_ago(2))
    emulator.faults.clear()
    (note,) = caught.value.__notes__  # the hint of its code
    assert "ordered before" not in note
    emulator.fault("error", operation=VIDEO, status=400)
    with pytest.raises(BadRequest):
        await soracom.jobs.start(VIDEO, device_id=camera, from_=hours_ago(5), to=hours_ago(2))
    assert emulator.counts[VIDEO] == 2


async def test_nothing_was_recorded(soracom, camera, hours_ago):
    """The service's words are the error."""
    for hours in (29.5, 29.9):
        with pytest.raises(BadRequest, match="nothing was recorded"):
            await soracom.jobs.run(VIDEO, device_id=camera, from_=hours_ago(hours), to=hours_ago(29.1))
    with pytest.raises(NotFound, match="no recording of that time"):
        await soracom.jobs.images(camera, from_=hours_ago(29.5), to=hours_ago(29.2), every=300)


async def test_waiting_for_parts_has_an_end(soracom, emulator, camera, hours_ago):
    """As for any job; and each of them can be taken up."""
    job = await soracom.jobs.start(VIDEO, device_id=camera, from_=hours_ago(4), to=hours_ago(3))
    assert await job.poll() == "initializing"
    with (
        emulator.fault("job-state", state="retrying"),
        pytest.raises(JobTimeout, match="in 4 parts is retrying after 90"),
    ):
        await job.wait(timeout=90)
    assert [(await soracom.jobs.resume(VIDEO, part.id, **part.where).wait()).state for part in job.parts] == [
        "completed"
    ] * 4


# The export time


async def used_up(soracom, camera, hours):
    """Set the limit of a camera so low."""
    await soracom.sora_cam.devices.update_export_usage_limit_override(camera, limit_hours=hours)


async def test_more_than_the_camera_may_export(soracom, emulator, camera, hours_ago):
    """It is refused before anything is ordered, with both figures."""
    await used_up(soracom, camera, 1)
    with pytest.raises(ConfigurationError) as caught:
        await soracom.jobs.run(VIDEO, device_id=camera, from_=hours_ago(5), to=hours_ago(2))
    assert str(caught.value) == (
        f"the camera {camera} may export 3600 seconds of video more this month (of 3600), and this needs 10800: choose "
        "less, or raise the limit with soracom.sora_cam.devices.update_export_usage_limit_override"
    )
    with pytest.raises(ConfigurationError, match="3600 seconds of video .* and this needs 3720"):
        await soracom.jobs.run(
            VIDEO, device_id=camera, from_=hours_ago(5), to=hours_ago(5) + 31 * MINUTE, audio_codec="mp3"
        )
    await used_up(soracom, camera, 0)
    for call in (
        soracom.jobs.run(VIDEO, device_id=camera, from_=hours_ago(5), to=hours_ago(5) + MINUTE),
        soracom.jobs.images(camera, from_=hours_ago(5), to=hours_ago(4)),
    ):
        with pytest.raises(ConfigurationError, match="and this needs 60: choose less"):
            await call
    assert emulator.counts[VIDEO] == emulator.counts[IMAGE] == 0


async def test_only_what_was_recorded_counts(soracom, camera, hours_ago):
    """A period of two hours in which there is one hour of video takes an hour."""
    await used_up(soracom, camera, 1)
    job = await soracom.jobs.start(VIDEO, device_id=camera, from_=hours_ago(30), to=hours_ago(28))
    assert len(job.skipped) == 4
    with pytest.raises(ConfigurationError, match="may export 0 images more .* needs 1: choose less"):
        await soracom.jobs.images(camera, from_=hours_ago(30), to=hours_ago(28), every=3600)


async def test_the_limit_is_reached_meanwhile(soracom, camera, hours_ago):
    """The service says so of the job; the error says what it means."""
    await used_up(soracom, camera, 0)
    job = await soracom.jobs.start(IMAGE, device_id=camera, time=hours_ago(3))
    with pytest.raises(JobFailed, match="is limitExceeded: the export time of the camera is used up: getSora"):
        await job.wait()


async def test_a_user_who_must_not_see_the_export_time(soracom, emulator, camera, hours_ago, tmp_path):
    """Exports all the same: the service has the last word."""
    allowed = [VIDEO, POLL, IMAGE, POLL_IMAGE, "getSoraCamDeviceExportUsage"]

    async def user(name, apis):
        statements = ",".join(f'"SoraCam:{api}"' for api in apis)
        await soracom.users.create(name)
        await soracom.users.password.create(name, password="Passw0rd-of-ann")
        permission = f'{{"statements":[{{"effect":"allow","api":[{statements},"OAuth2:authorize"]}}]}}'
        await soracom.users.permissions.update(name, permission=permission)
        credentials = SamUser(await soracom.operator_id(), name, "Passw0rd-of-ann")
        return Soracom(credentials, transport=emulator.transport, clock=emulator.clock)

    async with await user("ann", allowed[:-1]) as ann, await user("bob", allowed) as bob:
        for session in (ann, bob):
            # Nobody tells whether there is a recording, so what is refused is left out.
            job = await session.jobs.start(VIDEO, device_id=camera, from_=hours_ago(30), to=hours_ago(28.5))
            assert (len(job.result), len(job.skipped)) == (2, 4)
            assert await job.save(tmp_path / "night.mp4") == numbered(tmp_path, 1, 2)
            images = await session.jobs.images(camera, from_=hours_ago(30), to=hours_ago(28.5), every=1800)
            assert (len(images.parts), len(images.skipped)) == (1, 2)


# Images


async def test_images_of_an_hour(soracom, emulator, camera, hours_ago, tmp_path):
    """One a minute, numbered in the order of time, without those that nobody recorded."""
    job = await soracom.jobs.images(camera, from_=hours_ago(29.2), to=hours_ago(28.8), every=240)
    paths = await job.save(tmp_path / "door.jpg")
    assert paths == numbered(tmp_path, 1, 2, 3, stem="door", suffix=".jpg")
    assert all(path.read_bytes().startswith(b"\xff\xd8") for path in paths)
    assert len(job.skipped) == 3
    hour = await soracom.jobs.images(
        camera, from_=hours_ago(3), to=hours_ago(2), image_filters=["wide_angle_correction"]
    )
    assert len(await hour.save(tmp_path / "hour.jpg")) == 60
    with pytest.raises(ConfigurationError, match=r"door.png: .* name it door.jpg"):
        await hour.save(tmp_path / "door.png")


async def test_more_than_a_thousand_parts_are_numbered_so_that_they_sort(
    soracom, emulator, camera, hours_ago, tmp_path
):
    """The number is as long as that of the last part."""
    emulator.fault("error", operation=POLL_IMAGE, from_=20)  # the first ones suffice
    job = await soracom.jobs.images(camera, from_=hours_ago(3), to=hours_ago(2), every=3.6)
    with pytest.raises(ServerError):
        await job.save(tmp_path / "a.jpg")
    assert tmp_path / "a-0001.jpg" in tmp_path.iterdir()


async def test_periods_that_cannot_be(soracom, emulator, camera, hours_ago):
    """Nothing is sent for them."""
    requests = emulator.requests
    at = hours_ago(3)
    for call, said in (
        (soracom.jobs.run(VIDEO, device_id=camera, from_=at, to=at), "from_=.* must be before to="),
        (soracom.jobs.run(VIDEO, device_id=camera, from_=datetime(2025, 1, 1), to=at), "from_: .* no time zone"),
        (soracom.jobs.run(VIDEO, device_id=camera, from_="now", to=at), "from_ must be a datetime, a date or epoch"),
        (soracom.jobs.run(VIDEO, device_id=camera, from_=True, to=at), "from_ must be a datetime, a date or epoch"),
        (soracom.jobs.run(VIDEO, device_id=camera, from_=at), "needs the argument 'to'|to"),
        (soracom.jobs.images(camera, from_=at, to=at), "from_=.* must be before to="),
        (soracom.jobs.images(camera, from_=at, to=at + MINUTE, every=0), "every=0 must be a number of seconds"),
        (soracom.jobs.images(camera, from_=at, to=at + MINUTE, every=0.0001), "a thousandth of a second or more"),
    ):
        with pytest.raises(ConfigurationError, match=said):
            await call
    assert emulator.requests == requests
