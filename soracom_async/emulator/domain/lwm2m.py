"""The LwM2M model of a managed device: objects, their resources, and the operations on each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

from ..times import iso

if TYPE_CHECKING:
    from ..state.collections import Record


@frozen(slots=True)
class Resource:
    """The model of a resource."""

    name: str
    operations: str
    """Some of the letters R (read, observe), W (write) and E (execute)."""
    type: str
    units: str = ""
    range: str = ""

    def json(self, description: str) -> Record:
        """Return what an answer has in addition if the model is asked for."""
        return {
            "name": self.name,
            "description": description,
            "operations": self.operations,
            "type": self.type or None,
            "units": self.units,
            "rangeEnumeration": self.range,
            "mandatory": False,
            "multiple": False,
        }


MODEL: dict[str, tuple[str, dict[str, Resource]]] = {
    "3": (
        "Device",
        {
            "0": Resource("Manufacturer", "R", "STRING"),
            "1": Resource("Model Number", "R", "STRING"),
            "2": Resource("Serial Number", "R", "STRING"),
            "3": Resource("Firmware Version", "R", "STRING"),
            "4": Resource("Reboot", "E", ""),
            "9": Resource("Battery Level", "R", "INTEGER", "%", "0-100"),
            "13": Resource("Current Time", "RW", "TIME"),
            "15": Resource("Timezone", "RW", "STRING"),
        },
    ),
    "6": (
        "Location",
        {
            "0": Resource("Latitude", "R", "FLOAT", "Deg"),
            "1": Resource("Longitude", "R", "FLOAT", "Deg"),
            "5": Resource("Timestamp", "R", "TIME"),
        },
    ),
}
"""The objects that the emulated devices have, one instance of each."""


def objects(device: Record, at: int) -> Record:
    """Return the objects of a device that has just come online, by object and instance."""
    values: dict[str, dict[str, Any]] = {
        "3": {
            "0": device["manufacturer"],
            "1": device["modelNumber"],
            "2": device["serialNumber"],
            "3": device["firmwareVersion"],
            "4": None,
            "9": 100,
            "13": iso(at),
            "15": "Etc/UTC",
        },
        "6": {"0": 35.681, "1": 139.767, "5": iso(at)},
    }
    return {
        number: {
            "0": {
                "id": 0,
                "observed": False,
                "resources": {
                    each: {"id": int(each), "value": value, "observed": False} for each, value in given.items()
                },
            }
        }
        for number, given in values.items()
    }


def described(object_id: str, instance: Record) -> Record:
    """Return an instance with the models of its resources."""
    name, models = MODEL[object_id]
    resources = {
        each: resource | models[each].json(f"{models[each].name} of {name}")
        for each, resource in instance["resources"].items()
    }
    return instance | {"resources": resources}
