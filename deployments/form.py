"""The form of a flow: the schema of its parameters, with the ranges and units to show."""

from collections.abc import Mapping
from typing import Any

from prefect import Flow
from prefect.utilities.callables import parameter_schema

BOUNDS = {
    "minimum": "at least",
    "exclusiveMinimum": "above",
    "maximum": "at most",
    "exclusiveMaximum": "below",
}
# The longest first: photons per pixel are not pixels.
UNITS = {
    "photons_per_px": "photons/px",
    "photons": "photons",
    "px": "px",
    "rad": "rad",
    "ev": "eV",
    "m": "m",
    "s": "s",
}


def form_schema(flow: Flow[Any, Any]) -> dict[str, Any]:
    """Return the JSON schema of a flow's form, by which the server checks values too.

    The description of every field with bounds ends in them, such as
    `Root seed of all random numbers (at least 0, below 2147483648)`.
    """
    schema: dict[str, Any] = with_ranges(parameter_schema(flow).model_dump(exclude_unset=True))
    return schema


def with_ranges(schema: Any) -> Any:
    """Return a JSON schema, or part of one, whose descriptions say the ranges of their fields."""
    if isinstance(schema, list):
        return [with_ranges(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    described = {key: with_ranges(part) for key, part in schema.items()}
    for name, field in described.get("properties", {}).items():
        if field.get("title", name) in (name, name.replace("_", " ").title()):
            field["title"] = title_of(name)
    bounds = range_text(schema)
    if bounds and isinstance(schema.get("description", ""), str):
        description = f"{schema.get('description', '')} ({bounds})"
        described["description"] = description.strip()
    return described


def title_of(name: str) -> str:
    """Return a field's name for people: `Position error [px]` of `position_error_px`."""
    found = next((unit for unit in UNITS if name.endswith(f"_{unit}")), "")
    words = name.removesuffix(f"_{found}").replace("_", " ").capitalize()
    return f"{words} [{UNITS[found]}]" if found else words


def range_text(field: Mapping[str, Any]) -> str:
    """Return the bounds of a field in words; empty where it has none.

    Those of an optional value, or of the parts of a pair, are those of the field.
    """
    parts = [field, *(part for part in field.get("anyOf", []) if isinstance(part, dict))]
    items = field.get("items")
    if isinstance(items, dict):
        parts.append(items)
    bounds = {
        f"{words} {_number(part[name])}": None
        for part in parts
        for name, words in BOUNDS.items()
        if isinstance(part.get(name), int | float)
    }
    return ", ".join(bounds)


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"
