"""Which items `--where` chooses."""

from datetime import UTC, datetime
from typing import Any

import pytest

from soracom_async import ConfigurationError
from soracom_async.cli.arguments.values import named
from soracom_async.cli.where import Condition, conditions
from soracom_async.models import Sim

SIM = Sim.from_dict(
    {
        "simId": "89",
        "status": "active",
        "terminationEnabled": False,
        "tags": {"site": "tokyo", "site.floor": "3"},
        "sessionStatus": {"online": True, "imsi": "440"},
        "createdTime": 1700000000000,
        "capabilities": {"data": True},
    }
)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("status=active", True),
        ("status=suspended", False),
        ("status!=suspended", True),
        ("status!=active", False),
        ("session_status.online=true", True),
        ("session_status.online=false", False),
        ("session_status.cell=", True),
        ("tags.site=tokyo", True),
        ("tags.site=osaka", False),
        ("tags.site.floor=3", True),
        ("tags.absent=", True),
        ("tags.absent!=", False),
        ("group_id=", True),
        ("created_time=2023-11-14T22:13:20+00:00", True),
    ],
)
def test_a_condition_is_about_one_value(text: str, holds: bool) -> None:
    [condition] = conditions([named(text)], Sim)
    assert condition.holds(SIM) is holds


@pytest.mark.parametrize(
    ("value", "wanted"),
    [(["a", "b"], "b"), (False, "false"), (7, "7"), (datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01T00:00:00+00:00")],
)
def test_values_of_any_kind_are_texts(value: Any, wanted: str) -> None:
    assert Condition.of("name", wanted).holds({"name": value})
    assert not Condition.of("name", "else").holds({"name": value})


def test_a_name_that_no_item_has_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="Sim has no column 'stat'"):
        conditions([("stat", "x")], Sim)


def test_items_without_a_model_may_have_any_name() -> None:
    [condition] = conditions([("any.name", "x")], dict)
    assert condition.holds({"any": {"name": "x"}})
    assert not condition.holds({"any": None})
