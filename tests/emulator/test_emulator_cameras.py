from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
from plain import log_in, open_client, refused

from soracom_async import (
    APIError,
    BadRequest,
    Forbidden,
    NotFound,
    Soracom,
)
from soracom_async.emulator import Emulator
from soracom_async.emulator.domain.cameras import DAYS, SETTINGS

pytestmark = pytest.mark.anyio

START = datetime(2025, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
RECORDED, UNRECORDED = START - 3 * HOUR, START - 29.5 * HOUR
"""Times at which the first camera did record, and did not."""


@pytest.fixture
def devices(soracom):
    return soracom.sora_cam.devices


@pytest.fixture
async def ids(devices):
    """The three cameras: one that records always, one that records motion, one without a license."""
    return [camera.device_id for camera in await devices.list()]


def in_ms(time):
    return int(time.timestamp() * 1000)


def kind_of(event):
    return event.event_info.atom_event_v1.type


def in_hours(seconds):
    return seconds / 3600


async def test_seeded_cameras(emulator, soracom, devices, clock):
    """An operator with a fleet has three cameras, the same for one seed; one that signed up empty has none."""
    cameras = await devices.list()
    assert [camera.name for camera in cameras] == ["camera-1", "camera-2", "camera-3"]
    assert {camera.power_state for camera in cameras} == {"on"}
    assert all(camera.connected and camera.last_connected_time == START for camera in cameras)
    assert [camera.applied_licenses for camera in cameras] == [None] * 3
    licenses = [(await devices.get(camera.device_id)).applied_licenses for camera in cameras]
    assert [[each.name for each in some] for some in licenses] == [
        ["Cloud Continuous Recording License (7 Days)"],
        ['Cloud Motion Detection "Unlimited" Recording License (30 Days)'],
        [],
    ]
    twin = Emulator(sims=1, groups=3, clock=clock)
    async with Soracom(twin.auth_key, transport=twin.transport, clock=clock) as again:
        assert await again.sora_cam.devices.list() == cameras
        events = await again.sora_cam.devices.events.list(limit=100).collect()
        seen = await devices.events.list(limit=100).collect()
        assert [event.event_id for event in events] == [event.event_id for event in seen]
    empty = emulator.add_operator("empty@example.com")
    async with Soracom(emulator.credentials_of(empty), transport=emulator.transport, clock=clock) as other:
        assert await other.sora_cam.devices.list() == []
        assert {pack.quantity for pack in await other.sora_cam.license_packs.list()} == {0}
        with pytest.raises(NotFound):
            await other.sora_cam.devices.get(cameras[0].device_id)


async def test_deletion(emulator, soracom, devices, ids):
    """A camera that is given up is gone, and its license is free; the others do not come back either."""
    for device_id in ids:
        await devices.delete(device_id)
    assert await devices.list() == []
    with pytest.raises(NotFound):
        await devices.delete(ids[0])
    assert sum(pack.quantity_in_use for pack in await soracom.sora_cam.license_packs.list()) == 0


async def test_name_and_power(emulator, devices, ids):
    """A camera can be called something else, and can sleep."""
    await devices.set_name(ids[0], name="door")
    assert (await devices.get_name(ids[0])).name == "door"
    with pytest.raises(BadRequest):
        await devices.set_name(ids[0], name=" ")
    emulator.advance(60)
    assert (await devices.get(ids[0])).last_connected_time == START + timedelta(minutes=1)
    for _ in range(2):
        await devices.set_power_state(ids[0], power_state="sleep")
        emulator.advance(60)
    assert (await devices.get_power_state(ids[0])).power_state == "sleep"
    camera = await devices.get(ids[0])
    assert (camera.connected, camera.last_connected_time) == (False, START + timedelta(minutes=1))
    with pytest.raises(BadRequest):
        await devices.set_power_state(ids[0], power_state="off")
    await devices.set_power_state(ids[0], power_state="on")
    assert (await devices.get(ids[0])).connected


async def test_reboot(emulator, devices, ids):
    """A camera that restarts is away for a minute."""
    await devices.reboot(ids[0])
    assert not (await devices.get(ids[0])).connected
    emulator.advance(30)
    await devices.set_power_state(ids[0], power_state="sleep")
    await devices.set_power_state(ids[0], power_state="on")
    assert not (await devices.get(ids[0])).connected
    emulator.advance(30)
    assert (await devices.get(ids[0])).connected


async def test_firmware(emulator, client, devices, ids):
    """There is newer firmware for one camera; after three minutes it has it."""
    (update,) = await devices.atom_cam.list_firmware_updates()
    assert update.device_id == ids[0]
    assert await devices.atom_cam.get_firmware_update(ids[0]) == [update]
    assert (await client.get(f"/sora_cam/devices/{ids[1]}/atom_cam/firmware/update")).status_code == 204
    await devices.atom_cam.update_firmware(ids[0])
    assert await devices.atom_cam.list_firmware_updates() == []
    with pytest.raises(BadRequest):
        await devices.atom_cam.update_firmware(ids[0])
    emulator.advance(179)
    camera = await devices.get(ids[0])
    assert (camera.connected, camera.firmware_version) == (False, "4.58.0.101")
    emulator.advance(1)
    camera = await devices.get(ids[0])
    assert (camera.connected, camera.firmware_version) == (True, update.firmware_version)
    with pytest.raises(BadRequest):
        await devices.atom_cam.update_firmware(ids[0])


@pytest.mark.parametrize("name", SETTINGS)
async def test_each_setting(client, devices, ids, name):
    """A setting is what it was set to, alone and among all; what it cannot be is refused."""
    word = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
    path = f"/sora_cam/devices/{ids[0]}/atom_cam/settings/{word}"
    assert (await client.get(path)).json() == {"state": SETTINGS[name][0]}
    for value in SETTINGS[name]:
        assert (await client.post(path, json={"state": value})).status_code == 200
        assert (await client.get(path)).json() == {"state": value}
        assert (await client.get(path.rpartition("/")[0])).json()[name] == value
    assert refused(await client.post(path, json={"state": 90 if name == "rotation" else "perhaps"}), 400, "SCA9003")
    assert refused(await client.get(path.replace(ids[0], "none")), 404, "SCA9007")


async def test_settings(devices, ids):
    """Settings have types, show in the camera, and need a way to it."""
    settings = devices.atom_cam.settings
    await settings.set_motion(ids[0], state="off")
    assert (await settings.get_motion(ids[0])).state == "off"
    assert (await devices.get(ids[0])).configuration.motion_detection_enabled is False
    everything = await devices.atom_cam.get_settings(ids[0])
    assert (everything.motion, everything.rotation, everything.night_vision) == ("off", 0, "auto")
    assert (await settings.get_motion(ids[1])).state == "on"
    for call in (devices.atom_cam.get_settings, settings.get_quality, settings.get_self_reboot):
        with pytest.raises(BadRequest):
            await call(ids[2])
    await devices.atom_cam.update_real_time_access_option(ids[2], enabled=True)
    assert (await settings.get_quality(ids[2])).state == "medium"


async def test_self_reboot(devices, ids):
    """The time is checked; what is left out is every day, at midnight."""
    settings = devices.atom_cam.settings
    assert (await settings.get_self_reboot(ids[0])).enabled is False
    await settings.set_self_reboot(ids[0], enabled=True, days_of_week=[1], time="23:59")
    found = await settings.get_self_reboot(ids[0])
    assert (found.enabled, found.days_of_week, found.time) == (True, [1], "23:59")
    await settings.set_self_reboot(ids[0], enabled=False)
    found = await settings.get_self_reboot(ids[0])
    assert (found.enabled, found.days_of_week, found.time) == (False, [0, 1, 2, 3, 4, 5, 6], "00:00")
    for wrong in ({"days_of_week": [7]}, {"time": "24:00"}):
        with pytest.raises(BadRequest):
            await settings.set_self_reboot(ids[0], enabled=True, **wrong)


async def test_licenses(soracom, client, devices, ids):
    """Licenses are bought, assigned while there are free ones, taken back and cancelled."""
    atom_cam, packs = devices.atom_cam, soracom.sora_cam.license_packs
    found = {pack.id: pack for pack in await packs.list()}
    assert list(found) == list(DAYS)
    assert (found["CR7-SC"].quantity, found["CR7-SC"].quantity_in_use) == (2, 1)
    assert found["CR7-SC"].name == "Cloud Continuous Recording License (7 Days)"
    assert (await atom_cam.assign_license(ids[2], type="CR7-SC")).type == "CR7-SC"
    path = f"/sora_cam/devices/{ids[2]}/atom_cam/license"
    assert (await client.put(path, json={"type": "CR7-SC"})).status_code == 304
    with pytest.raises(Forbidden):
        await atom_cam.assign_license(ids[1], type="CR7-SC")
    for wrong in ("CR8-SC", None):
        assert refused(await client.put(path, json={"type": wrong}), 400, "SCA9003")
    for current, desired in ((1, 3), (2, 1), (2, None)):
        with pytest.raises(BadRequest):
            await packs.update_quantity("CR7-SC", current_quantity=current, desired_quantity=desired)
    with pytest.raises(BadRequest):
        await packs.update_quantity("CR8-SC", current_quantity=0, desired_quantity=1)
    await packs.update_quantity("CR7-SC", current_quantity=2, desired_quantity=3)
    await atom_cam.assign_license(ids[1], type="CR7-SC")
    await atom_cam.unassign_license(ids[0])
    with pytest.raises(NotFound):
        await atom_cam.unassign_license(ids[0])
    found = {pack.id: pack.quantity_in_use for pack in await packs.list()}
    assert (found["CR7-SC"], found["MR30-SC"]) == (2, 0)


async def test_live_image(emulator, soracom, devices, ids):
    """A picture of now needs real-time access, and a camera that is awake."""
    with pytest.raises(APIError) as raised:
        await devices.atom_cam.live_image(ids[0])
    assert (raised.value.status, raised.value.code) == (422, "SCA9002")
    assert (await devices.atom_cam.update_real_time_access_option(ids[0], enabled=True)).enabled is True
    assert (await devices.atom_cam.get_options(ids[0])).real_time_access.enabled is True
    async with soracom.stream((await devices.atom_cam.live_image(ids[0])).url) as picture:
        assert picture.content_type == "image/jpeg"
        assert (await picture.read()).startswith(b"\xff\xd8")
    await devices.set_power_state(ids[0], power_state="sleep")
    with pytest.raises(APIError):
        await devices.atom_cam.live_image(ids[0])


async def test_streaming(emulator, soracom, client, devices, ids):
    """What was recorded can be streamed, a quarter of an hour at a time."""
    minutes = timedelta(minutes=15)
    found = await devices.get_streaming_video(ids[0], from_=RECORDED, to=RECORDED + timedelta(minutes=1))
    assert found.expiry_time == START + HOUR
    assert [(each.from_, each.to) for each in found.play_list] == [(RECORDED, RECORDED + timedelta(minutes=1))]
    async with soracom.stream(found.play_list[0].url) as playlist:
        assert playlist.content_type == "application/dash+xml"
        assert b'"PT60S"' in await playlist.read()
    (latest,) = (await devices.get_streaming_video(ids[0])).play_list
    assert (latest.from_, latest.to) == (None, None)
    assert latest.url
    usage = await devices.get_export_usage(ids[0])
    assert usage.video.used_seconds == 60 + 300
    (behind,) = (await devices.get_streaming_video(ids[0], from_=RECORDED)).play_list
    assert (behind.from_, behind.to) == (RECORDED, RECORDED + minutes)
    (before,) = (await devices.get_streaming_video(ids[0], to=RECORDED)).play_list
    assert (before.from_, before.to) == (RECORDED - minutes, RECORDED)
    # The recording stopped 30 hours before the emulator's start.
    edge = START - 30 * HOUR
    (cut,) = (await devices.get_streaming_video(ids[0], from_=edge - minutes / 2, to=edge + minutes / 2)).play_list
    assert (cut.from_, cut.to) == (edge - minutes / 2, edge)
    with pytest.raises(NotFound):
        await devices.get_streaming_video(ids[0], from_=UNRECORDED, to=UNRECORDED + minutes)
    path = f"/sora_cam/devices/{ids[0]}/stream"
    too_long = {"from": in_ms(RECORDED), "to": in_ms(RECORDED + minutes) + 1}
    assert refused(await client.get(path, params=too_long), 400, "SCA9003")
    await devices.update_export_usage_limit_override(ids[0], limit_hours=0)
    assert refused(await client.get(path), 400, "SCA9009")
    await devices.set_power_state(ids[0], power_state="sleep")
    assert (await devices.get_streaming_video(ids[0])).play_list == []


async def test_export_of_an_image(emulator, soracom, devices, ids):
    """An export takes its time, is there for ten minutes, and leaves the list after a day."""
    made = await devices.images.export(ids[0], time=RECORDED, image_filters=["wide_angle_correction"])
    assert (made.status, made.requested_time, made.operator_id) == ("initializing", START, emulator.operator_id)
    assert (made.url, made.expiry_time) == (None, None)
    emulator.advance(2)
    assert (await devices.images.get_exported(ids[0], made.export_id)).status == "processing"
    emulator.advance(3)
    done = await devices.images.get_exported(ids[0], made.export_id)
    assert (done.status, done.expiry_time) == ("completed", START + timedelta(seconds=605))
    async with soracom.stream(done.url) as picture:
        assert picture.content_type == "image/jpeg"
        assert (await picture.read()).startswith(b"\xff\xd8")
    async with open_client(emulator) as anybody:
        emulator.advance(599)
        assert (await anybody.get(done.url)).status_code == 200
        late = await devices.images.get_exported(ids[0], made.export_id)
        emulator.advance(1)
        assert [(await anybody.get(each.url)).status_code for each in (done, late)] == [403, 403]
    gone = await devices.images.get_exported(ids[0], made.export_id)
    assert (gone.status, gone.url) == ("expired", None)
    emulator.advance(86_400 - 605)
    assert await devices.images.list_exports().collect() == []
    for device_id in (ids[0], "none"):
        with pytest.raises(NotFound):
            await devices.images.get_exported(device_id, made.export_id)
    now = await devices.images.export(ids[0], time=START + timedelta(days=1))
    emulator.advance(5)
    assert (await devices.images.get_exported(ids[0], now.export_id)).status == "completed"


async def test_export_of_nothing(emulator, devices, ids):
    """For a time without recording there is no image and no video, nor is there for what cannot be."""
    with pytest.raises(NotFound):
        await devices.images.export(ids[0], time=UNRECORDED)
    assert await devices.images.list_exports().collect() == []
    assert (await devices.get_export_usage(ids[0])).image.used_frames == 0
    minute = timedelta(minutes=1)
    for call, device_id, wanted in (
        (devices.images.export, ids[0], {"time": START + HOUR}),
        (devices.images.export, ids[0], {"time": RECORDED, "image_filters": ["sepia"]}),
        (devices.images.export, ids[2], {"time": RECORDED}),
        (devices.videos.export, ids[0], {"from_": UNRECORDED, "to": UNRECORDED + minute}),
        (devices.videos.export, ids[0], {"from_": RECORDED, "to": RECORDED}),
        (devices.videos.export, ids[0], {"from_": RECORDED, "to": RECORDED + 16 * minute}),
        (devices.videos.export, ids[0], {"from_": RECORDED, "to": RECORDED + minute, "audio_codec": "flac"}),
    ):
        with pytest.raises(BadRequest):
            await call(device_id, **wanted)


async def test_export_of_a_video(emulator, soracom, devices, ids):
    """A video comes in an archive, or as it is; the longer it is, the longer it takes."""
    span = {"from_": RECORDED, "to": RECORDED + timedelta(minutes=10)}
    made = [
        await devices.videos.export(ids[0], **span),
        await devices.videos.export(ids[0], **span, archive=False, audio_codec="mp3"),
    ]
    emulator.advance(29)
    assert (await devices.videos.get_exported(ids[0], made[0].export_id)).status == "processing"
    emulator.advance(1)
    kinds = []
    for each in made:
        done = await devices.videos.get_exported(ids[0], each.export_id)
        assert done.status == "completed"
        async with soracom.stream(done.url) as video:
            kinds.append((video.content_type, await video.read()))
    assert [kind for kind, _ in kinds] == ["application/zip", "video/mp4"]
    with zipfile.ZipFile(io.BytesIO(kinds[0][1])) as archive:
        assert archive.read(f"{made[0].export_id}.mp4") == kinds[1][1]
    assert b"ftyp" in kinds[1][1]
    usage = await devices.get_export_usage(ids[0])
    assert usage.video.used_seconds == 600 + 2 * 600


async def test_exports_of_motion(emulator, devices, ids):
    """A camera that records motion has exactly that to be exported."""
    (event, *_) = [each for each in await devices.events.list_for_device(ids[1]).collect() if "motion" in kind_of(each)]
    inside = await devices.images.export(ids[1], time=event.time)
    with pytest.raises(NotFound):
        await devices.images.export(ids[1], time=event.time - timedelta(seconds=1))
    emulator.advance(6)
    assert (await devices.images.get_exported(ids[1], inside.export_id)).status == "completed"


async def test_exports_to_files(emulator, soracom, devices, ids):
    """An export can be written to Harvest Files, where it is once it is done."""
    image = await devices.images.export(
        ids[0], time=RECORDED, harvest_files={"pathPrefix": "/cams/{device_id}/{date}/{time}/"}
    )
    video = await devices.videos.export(ids[0], from_=RECORDED, to=RECORDED + timedelta(minutes=1), harvest_files={})
    with pytest.raises(NotFound):
        await devices.images.export(ids[0], time=UNRECORDED, harvest_files={})
    assert await soracom.files.list("private", "").collect() == []
    emulator.advance(60)
    found = [entry.file_path for entry in await soracom.files.find(scope="private", prefix="").collect()]
    assert found == sorted(
        [f"/cams/{ids[0]}/2025/01/01/00/00/{in_ms(RECORDED)}/{image.export_id}.jpg", f"/{video.export_id}.zip"]
    )
    assert (await soracom.files.get("private", found[-1])).startswith(b"\xff\xd8" if "cams" in found[-1] else b"PK")


async def test_lists_of_exports(emulator, client, devices, ids):
    """Exports are listed, the latest first, for one camera or for all, pictures apart from videos."""
    made = []
    (event, *_) = [each for each in await devices.events.list_for_device(ids[1]).collect() if "motion" in kind_of(each)]
    for device_id, time in ((ids[0], RECORDED), (ids[1], event.time), (ids[0], RECORDED)):
        made.append((await devices.images.export(device_id, time=time)).export_id)
        emulator.advance(1)
    listed = await devices.images.list_exports(limit=1).collect()
    assert [export.export_id for export in listed] == made[::-1]
    listed = await devices.images.list_exports(device_id=ids[0], sort="asc").collect()
    assert [export.export_id for export in listed] == made[::2]
    assert await devices.images.list_exports_for_device(ids[0], sort="asc").collect() == listed
    assert await devices.videos.list_exports().collect() == []
    assert await devices.videos.list_exports_for_device(ids[0]).collect() == []
    assert refused(await client.get("/sora_cam/devices/images/exports?device_id=none"), 404, "SCA9007")


async def test_export_usage(emulator, devices, ids):
    """What may be exported in a month is limited; the limit can be moved, and the next month starts again."""
    usage = await devices.get_export_usage(ids[0])
    assert (usage.device_id, usage.metered_year_month) == (ids[0], START.date())
    assert in_hours(usage.video.limit_seconds) == 72
    assert usage.image.limit_frames == 5 * usage.video.limit_seconds
    await devices.update_export_usage_limit_override(ids[0], limit_hours=1)
    for number in range(5):
        span = {"from_": RECORDED, "to": RECORDED + timedelta(minutes=15)}
        made = await devices.videos.export(ids[0], **span)
        emulator.advance(60)
        expected = "limitExceeded" if number == 4 else "completed"
        assert (await devices.videos.get_exported(ids[0], made.export_id)).status == expected
    usage = await devices.get_export_usage(ids[0])
    assert (usage.video.used_seconds, usage.video.remaining_seconds, usage.video.billed_seconds) == (3600, 0, 0)
    made = await devices.images.export(ids[0], time=RECORDED)
    emulator.advance(60)
    assert (await devices.images.get_exported(ids[0], made.export_id)).status == "limitExceeded"
    for hours in (-1, 1501):
        with pytest.raises(BadRequest):
            await devices.update_export_usage_limit_override(ids[0], limit_hours=hours)
    changed = await devices.update_export_usage_limit_override(ids[0], limit_hours=1500)
    assert in_hours(changed.video.limit_seconds) == 1500
    await devices.delete_export_usage_limit_override(ids[0])
    assert in_hours((await devices.get_export_usage(ids[0])).video.limit_seconds) == 72
    emulator.advance(31 * 86_400)
    assert (await devices.get_export_usage(ids[0])).image.used_frames == 0


async def test_events(emulator, soracom, client, devices, ids):
    """What cameras notice goes on as time goes; each event has a picture, and once it is over a video."""
    events = await devices.events.list(limit=100).collect()
    assert [event.time for event in events] == sorted((event.time for event in events), reverse=True)
    assert len({event.time for event in events}) == len(events)
    assert {event.device_id for event in events} == set(ids[:2])
    assert {event.event_info.atom_event_v1.recording_status for event in events} == {"completed"}
    of_first = [event for event in events if event.device_id == ids[0]]
    found = await devices.events.list_for_device(ids[0], limit=7).collect()
    assert [event.event_id for event in found] == [event.event_id for event in of_first]
    found = await devices.events.list(device_id=ids[0], from_=of_first[4].time, to=of_first[2].time).collect()
    assert [event.event_id for event in found] == [event.event_id for event in of_first[2:5]]
    detail = of_first[0].event_info.atom_event_v1
    for url in (detail.picture, detail.movie):
        async with soracom.stream(url) as media:
            assert await media.read()
    kinds = {
        (kind_of(event)[0], bool(event.event_info.atom_event_v1.movie)) for event in events if event.device_id == ids[1]
    }
    assert kinds == {("motion", False), ("sound", True)}
    for event in events:  # the kind, then what was detected; the document has the latter in `labels` too
        detail = event.event_info.atom_event_v1
        assert (detail.type[0] in ("motion", "sound"), detail.type[1:]) == (True, detail.labels)
    first = await client.get("/sora_cam/devices/events", params={"limit": 2})
    assert first.headers["x-soracom-next-key"] == str(first.json()[1]["time"])
    assert refused(await client.get("/sora_cam/devices/none/events"), 404, "SCA9007")
    emulator.advance(86_400)
    later = await devices.events.list(limit=100).collect()
    assert later[0].time > START
    assert [event.event_id for event in later][-len(events) :] == [event.event_id for event in events]


async def test_an_event_that_goes_on(emulator, devices, ids):
    """An event has no end and no video until it is over; where the camera goes to sleep, it ends."""
    emulator.advance(86_400)
    event = (await devices.events.list_for_device(ids[0]).collect())[0]
    begun = event.event_info.atom_event_v1.start_time
    twin = Emulator(sims=30, groups=3, clock=emulator.clock)
    async with Soracom(twin.auth_key, transport=twin.transport, clock=emulator.clock) as soracom:
        cameras = soracom.sora_cam.devices
        twin.advance((begun - START).total_seconds() + 1)
        (going_on, *_) = await cameras.events.list_for_device(ids[0]).collect()
        assert going_on.event_id == event.event_id
        detail = going_on.event_info.atom_event_v1
        assert (detail.recording_status, detail.end_time, detail.movie) == ("recording", None, None)
        assert detail.picture
        await cameras.set_power_state(ids[0], power_state="sleep")
        (over, *_) = await cameras.events.list_for_device(ids[0]).collect()
        detail = over.event_info.atom_event_v1
        assert (detail.recording_status, detail.end_time) == ("completed", begun + timedelta(seconds=1))


async def test_recordings_and_events(emulator, client, devices, ids):
    """Recordings and events are listed together; a recording that goes on has no end."""
    path = f"/sora_cam/devices/{ids[0]}/recordings_and_events"
    page = (await client.get(path)).json()
    assert [each.get("endTime") for each in page["records"]] == [None, in_ms(START - 30 * HOUR)]
    assert [each["startTime"] for each in page["records"]] == [in_ms(START - 29 * HOUR), in_ms(START - 48 * HOUR)]
    assert {each["type"] for each in page["events"]} == {"motion", "sound"}
    span = {"from": in_ms(START - 31 * HOUR), "to": in_ms(START - 30.5 * HOUR), "sort": "asc"}
    assert len((await client.get(path, params=span)).json()["records"]) == 1
    gap = {"from": in_ms(UNRECORDED), "to": in_ms(UNRECORDED) + 1}
    assert refused(await client.get(path, params=gap), 404, "SCA9007")
    assert refused(await client.get(path.replace(ids[0], ids[2])), 404, "SCA9007")
    emulator.advance(5 * 86_400)
    pages = [page async for page in devices.recordings_and_events.list_for_device(ids[0]).by_page()]
    assert len(pages) > 2
    events = [each for page in pages for each in page.items if getattr(each, "type", None)]
    noticed = await devices.events.list_for_device(ids[0], limit=100).collect()
    assert [each.start_time for each in events] == [each.time for each in noticed]
    of_motion = [each async for each in devices.recordings_and_events.list_for_device(ids[1])]
    records = {each.start_time for each in of_motion if getattr(each, "type", None) is None}
    assert records == {each.start_time for each in of_motion if getattr(each, "type", None) == "motion"}


async def test_when_a_camera_records(emulator, devices, ids):
    """Sleep, a restart and a missing license leave gaps; a license keeps what is as old as it says."""

    async def recorded():
        found = await devices.recordings_and_events.list_for_device(ids[0], sort="asc").collect()
        spans = [(each.start_time, each.end_time) for each in found if getattr(each, "type", None) is None]
        return [tuple(each and (each - START).total_seconds() for each in span) for span in spans]

    before = [(-48 * 3600, -30 * 3600), (-29 * 3600, 0)]
    await devices.reboot(ids[0])
    assert await recorded() == before
    await devices.atom_cam.unassign_license(ids[0])
    await devices.atom_cam.assign_license(ids[0], type="CR7-SC")
    emulator.advance(100)
    assert await recorded() == [*before, (60, None)]
    await devices.set_power_state(ids[0], power_state="sleep")
    await devices.set_power_state(ids[0], power_state="on")
    assert await recorded() == [*before, (60, None)]
    await devices.atom_cam.unassign_license(ids[0])
    emulator.advance(100)
    await devices.atom_cam.assign_license(ids[0], type="CR7-SC")
    assert await recorded() == [*before, (60, 100), (200, None)]
    emulator.advance(7 * 86_400)
    assert await recorded() == [(200, None)]
    emulator.advance(1000)
    assert await recorded() == [(1200, None)]


async def test_data_of_cameras(emulator, soracom, client, devices, ids):
    """JSON, text and bytes are kept in Harvest Data, at a time of their own or now."""
    noon = START + timedelta(hours=12)
    await devices.data.create_entry(ids[0], data={"person_count": 5})
    await devices.data.update_entry(ids[0], noon, data="text")
    await devices.data.update_entry(ids[0], noon + timedelta(seconds=1), data=b"\0")
    found = await soracom.data.get_entries("SoraCam", ids[0]).collect()
    assert [(entry.resource_type, entry.resource_id) for entry in found] == [("SoraCam", ids[0])] * 3
    assert [(entry.time, entry.content) for entry in found] == [
        (noon + timedelta(seconds=1), "AA=="),
        (noon, "text"),
        (START, '{"person_count":5}'),
    ]
    path = f"/sora_cam/devices/{ids[0]}/data"
    kind = {"content-type": "application/json; charset=utf-8"}
    assert (await client.put(f"{path}/{in_ms(noon)}", content=b"[ 1 ]", headers=kind)).status_code == 200
    entry = await soracom.data.get_entry("SoraCam", ids[0], in_ms(noon))
    assert (entry.content, entry.content_type) == ("[ 1 ]", kind["content-type"])
    made = await client.post(path, content=b"x", headers={"content-type": ""})
    assert made.status_code == 201
    entry = await soracom.data.get_entry("SoraCam", ids[0], in_ms(START))
    assert entry.content_type == "application/octet-stream"
    assert refused(await client.post(path, content=b"{", headers=kind), 400, "SCA9003")
    assert refused(await client.post(path.replace(ids[0], "none"), content=b""), 404, "SCA9007")
    await soracom.data.delete_entry("SoraCam", ids[0], noon)
    assert len(await soracom.data.get_entries("SoraCam", ids[0]).collect()) == 2


async def test_nobody_reaches_the_cameras_of_another(emulator, other, ids):
    """Another operator has its own."""
    own = [camera["deviceId"] for camera in (await other.get("/sora_cam/devices")).json()]
    assert set(own).isdisjoint(ids)
    assert refused(await other.get(f"/sora_cam/devices/{ids[0]}"), 404, "SCA9007")
    async with open_client(emulator) as nobody:
        assert refused(await nobody.get("/sora_cam/devices"), 401, "AUM0001")
        assert (await log_in(nobody, emulator.root_user)).status_code == 200
