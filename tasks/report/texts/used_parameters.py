"""The parameters of a run that its outputs depend on, for people."""

from collections.abc import Mapping
from typing import Any

from tasks.core.study.hub_layout import AS_MEASURED

# What a measured scan takes the place of.
OF_SIMULATIONS = ("sample", "test_sample", "scan", "probe", "instrument", "fresh_samples")


def used_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters without those that a measured scan takes the place of.

    Args:
        parameters: Parameters of the plan; `measured` is the group of a measured scan, None or
            missing for a simulation.

    Returns:
        As they are for a simulation. For a measured scan `scan` is the name of its file and
        `labels` what the Baseline learns from.
    """
    measured = parameters.get("measured")
    if not isinstance(measured, Mapping):
        return dict(parameters)
    used = {name: value for name, value in parameters.items() if name not in OF_SIMULATIONS}
    if measured.get("labels") == "simulation":
        used["sample"] = parameters.get("sample")
    if not measured.get("thin"):
        used["view"] = AS_MEASURED
    return used | {"scan": measured.get("file"), "labels": measured.get("labels")}
