import importlib.util
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from flows.execution.attempt import write_blocker
from tasks.core.files.atomic_files import read_json
from tasks.core.study.hub_layout import (
    COMPARISON_MANIFEST,
    DELTA_SUMMARY,
    METRICS_SUMMARY,
    PLAN,
    VERIFICATION_REPORT,
)
from tasks.report.records.schema_files import schema_faults, schema_names

PROJECT = Path(__file__).resolve().parents[4]
HOME, PUBLISHED = PROJECT / "tasks/report/records/schemas", PROJECT / "docs/schemas"
FILES = {
    "metrics_summary": METRICS_SUMMARY,
    "metrics_delta_summary": DELTA_SUMMARY,
    "comparison_manifest": COMPARISON_MANIFEST,
    "comparison": "analysis/dose_10000/dense/test/comparison.json",
    "manifest": "data/phase_c/dose_10000/manifest.json",
    "plan": PLAN,
    "verification_report": VERIFICATION_REPORT,
}


def test_published_schemas_are_those_of_the_package():
    published = {path.name: path.read_bytes() for path in PUBLISHED.glob("*")}
    assert published == {path.name: path.read_bytes() for path in HOME.glob("*")}
    assert set(schema_names()) == {*FILES, "attempts", "blocker", "condition_map"}


def test_schemas_of_models_are_up_to_date():
    spec = importlib.util.spec_from_file_location("json_schemas", PROJECT / "docs/json_schemas.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    for name, schema in script.drawn_schemas().items():
        path = HOME / f"{name}.schema.json"
        assert path.read_bytes() == script.as_bytes(schema), "run python docs/json_schemas.py"


@pytest.mark.parametrize("name", schema_names())
def test_schemas_are_of_the_dialect_and_take_further_keys(name):
    schema = read_json(HOME / f"{name}.schema.json")
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert "schema_version" in schema["properties"]

    def assert_open(part):
        if isinstance(part, dict):
            assert part.get("additionalProperties") is not False
            for value in part.values():
                assert_open(value)
        elif isinstance(part, list):
            for value in part:
                assert_open(value)

    assert_open(schema)


@pytest.mark.parametrize("name", FILES)
def test_files_fit_their_schemas(pristine_hub, name):
    content = read_json(pristine_hub / FILES[name])
    assert schema_faults(name, content) == []
    assert schema_faults(name, content | {"new_key": 1}) == []
    first = next(iter(read_json(HOME / f"{name}.schema.json")["required"][1:]))
    faults = schema_faults(name, {key: value for key, value in content.items() if key != first})
    assert any(f"'{first}' is a required property" in fault for fault in faults)


@pytest.mark.parametrize("name", schema_names())
def test_another_version_is_the_one_fault(name):
    (fault,) = schema_faults(name, {"schema_version": 7})
    assert "it is of version 7, and version 1 is read here" in fault


def test_a_blocker_fits_its_schema(tmp_path):
    blocker = write_blocker(tmp_path, ValueError(f"{tmp_path}/data/x.h5 is damaged"))
    assert schema_faults("blocker", blocker) == []
    assert blocker["message"] == "data/x.h5 is damaged"


def test_a_fault_says_where_it_is(pristine_hub):
    delta = read_json(pristine_hub / DELTA_SUMMARY)
    places = {"source_metrics": "/x/metrics_summary.json", "generated_at": "yesterday"}
    faults = schema_faults("metrics_delta_summary", delta | places)
    assert [fault.partition(":")[0] for fault in faults] == ["$.generated_at", "$.source_metrics"]
    summary = read_json(pristine_hub / METRICS_SUMMARY)
    summary["jobs"][0]["metrics"][0]["model"] = "Nobody"
    (fault,) = schema_faults("metrics_summary", summary)
    assert fault.startswith("$.jobs[0].metrics[0].model: 'Nobody'")
