"""Tables of knobs for the documentation, from the fields of pydantic models."""

from collections.abc import Iterator, Mapping

import orjson
from pydantic import BaseModel
from pydantic.fields import FieldInfo

BOUNDS = {"gt": ">", "ge": "≥", "lt": "<", "le": "≤", "multiple_of": "multiple of"}


def knobs(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Yield every knob of a model by its dotted name, those of nested models too."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from knobs(kind, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", field


def knob_table(model: type[BaseModel], shown_in: Mapping[str, str]) -> str:
    """Return the knobs of a model as a Markdown table: name, default, bounds, meaning, picture.

    Args:
        model: The model.
        shown_in: Name of the picture that shows a knob; some have none.
    """
    header = ("knob", "default", "allowed", "what it is", "picture")
    lines = [f"| {' | '.join(header)} |", "|" + " --- |" * len(header)]
    for name, field in knobs(model):
        default = orjson.loads(orjson.dumps(field.get_default(call_default_factory=True)))
        shown = "none" if default is None else orjson.dumps(default).decode().strip('"')
        shown_at = shown_in.get(name)
        picture = f"[{shown_at}](images/simulation/{shown_at}.png)" if shown_at else ""
        cells = (f"`{name}`", shown, _bounds(field), field.description, picture)
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def _bounds(field: FieldInfo) -> str:
    """Return the bounds of a field, such as `≥ 16, ≤ 512`."""
    found = [
        f"{sign} {value:g}"
        for rule in field.metadata
        for key, sign in BOUNDS.items()
        if (value := getattr(rule, key, None)) is not None
    ]
    return ", ".join(found)


def with_tables(
    page: str, models: Mapping[str, type[BaseModel]], shown_in: Mapping[str, str]
) -> str:
    """Return a page with the table of each model between its two markers.

    Raises:
        ValueError: If the page has no markers for a model.
    """
    for name, model in models.items():
        start, end = f"<!-- knobs: {name} -->", f"<!-- end of knobs: {name} -->"
        if not 0 <= page.find(start) < page.find(end):
            raise ValueError(
                f"The page has no place for the knobs of {name}. Write {start!r} and {end!r} "
                f"where the table belongs."
            )
        before, rest = page.split(start, 1)
        after = rest.split(end, 1)[1]
        page = f"{before}{start}\n\n{knob_table(model, shown_in)}\n\n{end}{after}"
    return page
