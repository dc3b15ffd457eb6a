"""A function of the caller's own with a journal: by what its keys are known again."""

from __future__ import annotations

from pathlib import Path

import pytest

from soracom_async import ConfigurationError, Soracom, bulk
from soracom_async.emulator import Emulator
from soracom_async.models import SessionEvent, Sim

pytestmark = pytest.mark.anyio


async def same(key: object) -> object:
    return key


async def test_a_model_is_known_again_by_its_identifier(tmp_path: Path) -> None:
    """Not by what else it holds, which the run itself changes."""
    emulator = Emulator(sims=3)
    async with Soracom(emulator.auth_key, transport=emulator.transport) as soracom:

        async def suspend(sim: Sim) -> Sim:
            return await soracom.sims.suspend(sim.sim_id)

        for kind in (bulk.Ok, bulk.Skipped):
            run = bulk.run(suspend, soracom.sims.list(), journal=tmp_path / "run.db", name="suspend")
            assert [type(result) for result in await run.collect()] == [kind] * 3
        assert emulator.counts["suspendSim"] == 3


async def test_models_that_only_belong_to_one_thing_are_apart(tmp_path: Path) -> None:
    """Two events of a SIM are two keys; so are two models without their identifiers."""
    events = [SessionEvent.from_dict({"simId": "1", "event": event}) for event in ("Created", "Deleted")]
    sims = [Sim.from_dict({"status": status}) for status in ("active", "inactive")]
    for keys in (events, sims):
        run = bulk.run(same, keys, journal=tmp_path / f"{type(keys[0]).__name__}.db", name="same")
        assert {type(result) for result in await run.collect()} == {bulk.Ok}
        assert run.summary().ok == 2


@pytest.mark.parametrize("key", [object(), (1, object()), {"thing": object()}, same])
async def test_a_key_that_no_journal_knows_again_is_refused(key: object, tmp_path: Path) -> None:
    """Its text has an address: another object may have it in the next process, and would count as done."""
    (result,) = await bulk.run(same, [key], journal=tmp_path / "run.db", name="same").collect()
    assert isinstance(result, bulk.Failed)
    assert isinstance(result.error, ConfigurationError)
    assert "by key=" in str(result.error)
    (result,) = await bulk.run(same, [key]).collect()
    assert isinstance(result, bulk.Ok)


async def test_a_text_that_looks_like_an_address_is_taken(tmp_path: Path) -> None:
    keys = ["<a at 0x1>", {"text": "<b at 0x1>"}]
    run = bulk.run(same, keys, journal=tmp_path / "run.db", name="same")
    assert {type(result) for result in await run.collect()} == {bulk.Ok}


async def test_keys_that_key_cannot_take_are_apart() -> None:
    """However long they are, and however late they differ."""
    keys = [f"{'0' * 200}{number}" for number in range(3)]
    run = bulk.run(same, keys, key=lambda key: {}[key], name="same")
    assert [type(result) for result in await run.collect()] == [bulk.Failed] * 3
    assert run.summary().duplicates == 0
