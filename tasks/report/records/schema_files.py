"""The published schemas of the files of a hub, and what a file has against its schema."""

from functools import cache
from importlib.resources import files
from typing import Any

import orjson
from jsonschema import Draft202012Validator

SHOWN_FAULTS = 3
SHOWN_CHARACTERS = 160


def schema_faults(name: str, content: Any) -> list[str]:
    """Return what is wrong with the content of a file, by its schema.

    Args:
        name: Name of the schema, such as `metrics_summary`.
        content: JSON.

    Returns:
        Sentences; none where the content is valid. Content of another version has one fault.
    """
    validator = _validator(name)
    expected = validator.schema["properties"]["schema_version"]["const"]
    version = content.get("schema_version", expected) if isinstance(content, dict) else expected
    if version != expected:
        return [
            f"it is of version {version!r}, and version {expected} is read here: use the program "
            f"that wrote it, or make it again"
        ]
    faults = sorted(validator.iter_errors(content), key=lambda fault: fault.json_path)
    texts = [f"{fault.json_path}: {_short(fault.message)}" for fault in faults[:SHOWN_FAULTS]]
    more = len(faults) - len(texts)
    return [*texts, f"and {more} more"] if more > 0 else texts


def schema_names() -> list[str]:
    """Return the names of all schemas."""
    folder = files("tasks.report.records") / "schemas"
    suffix = ".schema.json"
    names = [path.name for path in folder.iterdir()]
    return sorted(name.removesuffix(suffix) for name in names if name.endswith(suffix))


@cache
def _validator(name: str) -> Draft202012Validator:
    path = files("tasks.report.records") / "schemas" / f"{name}.schema.json"
    return Draft202012Validator(orjson.loads(path.read_bytes()))


def _short(text: str) -> str:
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}..."
