"""Write the schemas that are drawn from pydantic models, and publish all of them.

The home of the schemas is `tasks/report/records/schemas/`, where the verification of an installed
package finds them; `docs/schemas/` is a copy for readers.

    python docs/json_schemas.py
"""

from pathlib import Path
from typing import Any

import orjson

from tasks.core.files.atomic_files import write_bytes
from tasks.core.study.stage_record import StageCall, StageRecord

PROJECT = Path(__file__).resolve().parents[1]
HOME = PROJECT / "tasks/report/records/schemas"
PUBLISHED = PROJECT / "docs/schemas"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
STAGE_DEFINITION = "StageCall"


def main() -> None:
    """Write every schema to its home and to the documentation."""
    for name, schema in drawn_schemas().items():
        write_bytes(HOME / f"{name}.schema.json", as_bytes(schema))
    for path in sorted(HOME.glob("*.schema.json")):
        write_bytes(PUBLISHED / path.name, path.read_bytes())


def drawn_schemas() -> dict[str, dict[str, Any]]:
    """Return the schemas that follow from models: a stage's record, and the plan of stages."""
    record = _open(StageRecord.model_json_schema())
    record |= {
        "title": "manifest.json of a stage",
        "description": "What a finished stage read, wrote and found.",
    }
    return {"manifest": _headed("manifest", record), "plan": _headed("plan", _plan())}


def as_bytes(schema: dict[str, Any]) -> bytes:
    """Return a schema as the bytes of its file."""
    return orjson.dumps(schema, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _plan() -> dict[str, Any]:
    stage = _open(StageCall.model_json_schema())
    stage["properties"] |= {
        "log": {"type": "string", "description": "Its log, relative to the hub"},
        "cache_key": {
            "type": ["string", "null"],
            "description": "Changes with all that its outputs depend on; null before inputs exist",
        },
    }
    stage["required"] += ["log", "cache_key"]
    group = {"type": "object"}
    return {
        "title": "plan.json",
        "description": "What a run is: parameters, versions, machine, and every stage.",
        "type": "object",
        "properties": {
            "schema_version": {
                "const": 1,
                "description": "Raised when a key changes its meaning or goes; new keys do not "
                "raise it",
            },
            "written_at": {"type": "string", "description": "UTC, YYYY-MM-DDTHH:MM:SSZ"},
            "parameters": group,
            "versions": {"type": "object", "additionalProperties": {"type": "string"}},
            "git": group,
            "machine": group,
            "commands_doc": group,
            "conditions": {
                "type": "array",
                "description": "Doses and views of the run; stages may be shared",
                "items": {
                    "type": "object",
                    "properties": {
                        "dose": {"type": "number", "exclusiveMinimum": 0},
                        "view": {"type": "string", "minLength": 1},
                        "n_replicates": {"type": "integer", "minimum": 1},
                        "stages": {"type": "array", "items": {"type": "string"}},
                    },
                    "required": ["dose", "view", "n_replicates", "stages"],
                    "additionalProperties": True,
                },
            },
            "publisher": {
                "type": ["string", "null"],
                "description": "Who publishes the hub, where the run was told",
            },
            "stages": {
                "type": "array",
                "minItems": 1,
                "items": {"$ref": f"#/$defs/{STAGE_DEFINITION}"},
            },
        },
        "required": ["schema_version", "written_at", "parameters", "versions", "stages"],
        "additionalProperties": True,
        "$defs": {STAGE_DEFINITION: stage},
    }


def _headed(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"$schema": DIALECT, "$id": f"urn:phase-g:{name}:1"} | schema


def _open(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a model that takes further keys: later versions may add some."""
    for part in (schema, *schema.get("$defs", {}).values()):
        if part.get("additionalProperties") is False:
            part["additionalProperties"] = True
    return schema


if __name__ == "__main__":
    main()
