"""Wrong calls: each is an error, or else its comment is one, for mypy strict and for pyright."""
# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from datetime import datetime

from soracom_async import AuthKey, Soracom
from soracom_async.models import (
    CreateGroupRequest,
    Sim,
    TagUpdateRequest,
    UpdateSpeedClassRequest,
)

soracom = Soracom(AuthKey("keyId-1", "secret-1"))


async def arguments() -> None:
    await soracom.sims.get()  # type: ignore[call-arg]
    await soracom.sims.get(89)  # type: ignore[arg-type]
    await soracom.sims.get(None)  # type: ignore[arg-type]
    await soracom.sims.get("89", "90")  # type: ignore[call-arg]
    await soracom.sims.get("89", limit=1)  # type: ignore[call-arg]
    soracom.sims.list(100)  # type: ignore[call-arg]
    soracom.sims.list(limit="100")  # type: ignore[arg-type]
    soracom.sims.list(next_key="1")  # type: ignore[call-arg]
    soracom.sims.session_events("89", from_="2024-05-06")  # type: ignore[arg-type]
    await soracom.cell_locations.get(mcc="440")  # type: ignore[call-arg]
    soracom.query.sims(name="one")  # type: ignore[arg-type]


async def bodies() -> None:
    await soracom.sims.update_speed_class("89")  # type: ignore[call-overload]
    await soracom.sims.update_speed_class("89", speed_class=1)  # type: ignore[call-overload]
    body = UpdateSpeedClassRequest(speed_class="s1.fast")
    await soracom.sims.update_speed_class("89", speed_class="s1.fast", body=body)  # type: ignore[call-overload]
    await soracom.sims.update_speed_class("89", body=CreateGroupRequest())  # type: ignore[call-overload]
    await soracom.groups.create(body=body)  # type: ignore[arg-type]
    await soracom.groups.create(tags={"a": 1})  # type: ignore[dict-item]
    await soracom.groups.create(name="north")  # type: ignore[call-arg]
    await soracom.groups.put_tags("1", tags={"a": "b"})  # type: ignore[call-overload]
    await soracom.groups.put_tags("1", tags=[{"tag_name": "a"}])  # type: ignore[list-item]
    await soracom.files.put("private", "a/b", content=1)  # type: ignore[call-overload]
    await soracom.files.put("private", "a/b")  # type: ignore[call-overload]
    await soracom.download("https://storage.test/a")  # type: ignore[call-arg]
    await soracom.stream("getFile")  # type: ignore[misc]


async def results() -> None:
    await soracom.sims.list()  # type: ignore[misc]
    for _ in soracom.sims.list():  # type: ignore[attr-defined]
        pass
    sim = await soracom.sims.get("89")
    _5 = sim.name  # type: ignore[attr-defined]
    _1: str = sim.created_time  # type: ignore[assignment]
    _2: datetime = sim.created_time  # type: ignore[assignment]
    group = await soracom.groups.get("1")
    _7: int | None = group.created_time  # type: ignore[assignment]
    _3: int = await soracom.files.get("private", "a")  # type: ignore[assignment]
    _4: str = await soracom.groups.delete("1")  # type: ignore[func-returns-value, assignment]
    _6 = soracom.simz  # type: ignore[attr-defined]
    _7 = soracom.vpg.gate  # type: ignore[attr-defined]


def models() -> None:
    TagUpdateRequest(tag_name="site")  # type: ignore[call-arg]
    TagUpdateRequest("site", "north")  # type: ignore[call-arg]
    Sim(sim_id=1)  # type: ignore[arg-type]
    Sim(sim_id="1", colour="red")  # type: ignore[call-arg]
    from soracom_async.models import Simm  # type: ignore[attr-defined]

    print(Simm)
