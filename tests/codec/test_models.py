"""The models by name: `soracom_async.models`."""

from __future__ import annotations

import importlib
import pkgutil
import typing

import pytest
from imports import loaded_after, of_api

import soracom_async
from soracom_async import api, models
from soracom_async._codec.model import Model


def defined() -> dict[str, object]:
    """Return every model, TypedDict and named enum, by its name, from the modules that define them."""
    found: dict[str, object] = {}
    for info in pkgutil.iter_modules(api.__path__):
        module = importlib.import_module(f"{api.__name__}.{info.name}")
        for name, value in vars(module).items():
            model = isinstance(value, type) and issubclass(value, Model) and value.__module__ == module.__name__
            model = model or (typing.is_typeddict(value) and value.__module__ == module.__name__)
            if model or (typing.get_origin(value) is typing.Union and "Literal[" in str(value)):
                assert found.get(name, value) == value, f"{name} is defined twice"
                found[name] = value
    return found


def test_every_model_by_name():
    """Each model, TypedDict and enum of the API is there by its name, and nothing else."""
    expected = defined()
    assert len(expected) > 450
    assert {name: getattr(models, name) for name in dir(models)} == expected
    assert soracom_async.models is models
    with pytest.raises(AttributeError, match="'soracom_async.models' has no attribute 'Simm'"):
        _ = models.Simm


def test_importing_a_model_loads_what_it_needs_only():
    """`from soracom_async.models import Group` loads the module of the groups, not that of the SIMs."""
    loaded = of_api(loaded_after("from soracom_async.models import Group"))
    assert "soracom_async.api.group" in loaded
    assert "soracom_async.api.sim" not in loaded
    assert of_api(loaded_after("import soracom_async; soracom_async.models")) == set()


def test_all_models_at_once():
    """`import *` gives them all."""
    scope: dict[str, object] = {}
    exec("from soracom_async.models import *", scope)
    assert set(dir(models)) == scope.keys() - {"__builtins__"}
