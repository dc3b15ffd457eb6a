"""The tasks of an `async with`: they begin with it and end with it."""

from __future__ import annotations

from anyio.abc import TaskGroup


async def stop(tasks: TaskGroup) -> None:
    """Cancel the tasks of a group that was entered, and return when they have ended.

    The group is not told how the body of the `async with` ended: it would wrap the body's error in a group.
    """
    tasks.cancel_scope.cancel()
    await tasks.__aexit__(None, None, None)
