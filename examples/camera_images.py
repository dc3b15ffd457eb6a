"""Save the images of an hour of a camera, one a minute.

    soracom-async emulator                  # in another shell; paste its three lines here
    python examples/camera_images.py        # lists the cameras
    python examples/camera_images.py 02EB86F31AE3 2026-12-01T10:00

The camera exports each image in its own time; several exports are under way at once. Images that are there already are
not exported again: each counts against the camera's monthly quota.
"""

import argparse
import asyncio
import sys
from datetime import datetime, timedelta
from pathlib import Path

from soracom_async import NotFound, Soracom, SoracomError, TransportError, bulk

EXPORTS = 8
"""How many exports are under way at once."""


async def show_cameras(soracom: Soracom) -> None:
    """Print the cameras."""
    for camera in await soracom.sora_cam.devices.list():
        print(f"{camera.device_id}  {camera.name}, {camera.product_display_name}")


async def save_images(soracom: Soracom, options: argparse.Namespace) -> int:
    """Save the images; return the exit code."""
    await soracom.sora_cam.devices.get(options.camera)  # else each image of a camera that is not there fails
    options.to.mkdir(parents=True, exist_ok=True)
    start = options.start.astimezone()  # without a zone: local time
    times = [start + timedelta(seconds=second) for second in range(0, 3600, options.every)]
    files = {time: options.to / f"{options.camera}-{time:%Y%m%d-%H%M%S}.jpg" for time in times}

    async def save(time: datetime) -> None:
        job = await soracom.jobs.run("exportSoraCamDeviceRecordedImage", device_id=options.camera, time=time)
        await job.save(files[time])

    missing = [time for time, file in files.items() if not file.exists()]
    failed = 0
    async with bulk.run(save, missing, concurrency=EXPORTS) as run:
        async for result in run:
            if isinstance(result, bulk.Failed) and isinstance(result.error, NotFound):
                print(f"{result.key:%H:%M:%S}: nothing was recorded")
            elif isinstance(result, bulk.Failed):
                failed += 1
                print(f"{result.key:%H:%M:%S}: {result.error}")
    print(f"{sum(file.exists() for file in files.values())} images in {options.to}")
    return 1 if failed else 0


async def main(options: argparse.Namespace) -> int:
    """Save the images, or list the cameras if none is named."""
    async with Soracom() as soracom:
        if options.camera is not None:
            return await save_images(soracom, options)
        await show_cameras(soracom)
        return 0


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("camera", nargs="?", help="device ID")
    hour_ago = datetime.now().astimezone().replace(second=0, microsecond=0) - timedelta(hours=1)
    parser.add_argument("start", nargs="?", type=datetime.fromisoformat, default=hour_ago, help="default: an hour ago")
    parser.add_argument("--every", type=int, default=60, metavar="SECONDS")
    parser.add_argument("--to", type=Path, default=Path("images"), metavar="DIRECTORY")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(main(arguments())))
    except TransportError as error:  # after the repetitions that the session made by itself
        sys.exit(f"the network is away: {error}")
    except (SoracomError, OSError) as error:
        sys.exit(str(error))
