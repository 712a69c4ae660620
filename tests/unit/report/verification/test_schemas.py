"""The models of a hub's JSON files: what they take, what they refuse, and the schemas of them."""

import copy
import importlib
import sys
from pathlib import Path

import orjson
import pytest
from jsonschema import Draft202012Validator

from flows.execution.attempt import write_blocker
from tasks.core.study.hub_layout import (
    ATTEMPTS,
    COMPARISON_MANIFEST,
    DELTA_SUMMARY,
    METRICS_SUMMARY,
    PLAN,
    VERIFICATION_REPORT,
)
from tasks.core.study.stage_record import StageRecord
from tasks.report.records.attempts import Attempt, Blocker
from tasks.report.records.comparison_files import (
    ComparisonFile,
    ComparisonManifest,
    MetricsSummary,
)
from tasks.report.records.delta_files import DeltaSummary
from tasks.report.records.hub_contents import PlanFile
from tasks.report.records.map_files import ConditionMap
from tasks.report.records.record_model import Record, checked
from tasks.report.verification.verification import VerificationReport

DOCS = Path(__file__).resolve().parents[4] / "docs"
FILES = {
    MetricsSummary: METRICS_SUMMARY,
    DeltaSummary: DELTA_SUMMARY,
    ComparisonManifest: COMPARISON_MANIFEST,
    ComparisonFile: "analysis/dose_10000/dense/test/comparison.json",
    StageRecord: "data/phase_c/dose_10000/manifest.json",
    PlanFile: PLAN,
    VerificationReport: VERIFICATION_REPORT,
    Attempt: ATTEMPTS,
}
ALL = [*FILES, Blocker, ConditionMap]
ABSENT = object()


@pytest.fixture
def content_of(pristine_hub, tmp_path):
    """Return the function that gives a file of a hub by its model, to be changed."""

    def content(model):
        if model is Blocker:
            return write_blocker(tmp_path, ValueError(f"{tmp_path}/data/x.h5 is damaged"))
        raw = (pristine_hub / FILES[model]).read_bytes()
        return orjson.loads(raw.splitlines()[0] if model is Attempt else raw)

    return content


@pytest.fixture
def json_schemas(monkeypatch):
    """The module of the documentation that draws the schemas."""
    monkeypatch.syspath_prepend(str(DOCS))
    yield importlib.import_module("json_schemas")
    for name in ("json_schemas", "parameter_tables"):
        sys.modules.pop(name, None)


def changed(content, place, value):
    """Return a content with another value, or none, at a place."""
    content = inner = copy.deepcopy(content)
    *above, name = place
    for key in above:
        inner = inner[key]
    if value is ABSENT:
        del inner[name]
    else:
        inner[name] = value
    return content


def fault(model, content):
    with pytest.raises(ValueError, match=r"^x\.json: \$.* Cure it\.$") as caught:
        checked(model, content, "x.json", "Cure it.")
    return str(caught.value)


@pytest.mark.parametrize("model", [*FILES, Blocker])
def test_a_file_fits_its_model_and_may_have_further_keys(model, content_of, json_schemas):
    content = content_of(model)
    assert checked(model, content | {"new_key": 1}, "x.json", "") == checked(model, content, "", "")
    (name,) = [n for n, m in json_schemas.MODELS.items() if m.endswith(f":{model.__name__}")]
    Draft202012Validator(json_schemas.schema_of(name)).validate(content)


@pytest.mark.parametrize("model", [*FILES, Blocker])
def test_no_required_key_may_be_missing(model, content_of):
    content = content_of(model)
    required = [name for name, field in model.model_fields.items() if field.is_required()]
    assert required
    for name in required:
        lacking = changed(content, [name], ABSENT)
        assert f"$: '{name}' is a required property" in fault(model, lacking)


@pytest.mark.parametrize("model", ALL)
@pytest.mark.parametrize("version", [7, True, None, "1"])
def test_another_version_is_the_one_fault(model, version):
    words = f"it is of version {version!r}, and version 1 is read here"
    assert words in fault(model, {"schema_version": version})


@pytest.mark.parametrize(
    ("model", "place", "value"),
    [
        (MetricsSummary, ["jobs", 0, "dose"], 0),
        (MetricsSummary, ["jobs", 0, "dose"], True),
        (MetricsSummary, ["jobs", 0, "replicate"], 1.5),
        (MetricsSummary, ["jobs", 0, "split"], ""),
        (MetricsSummary, ["jobs", 0, "metrics", 0, "model"], "<b>"),
        (MetricsSummary, ["jobs", 0, "metrics", 0, "model"], "../PtychoPINN"),
        (MetricsSummary, ["jobs", 0, "controls", 0, "metric"], "m" * 65),
        (MetricsSummary, ["jobs", 0, "metrics", 0, "phase"], "0.5"),
        (MetricsSummary, ["jobs", 0, "metrics", 0, "phase"], ABSENT),
        (MetricsSummary, ["aggregate_metrics", "PtyChi"], ABSENT),
        (MetricsSummary, ["aggregate_metrics", "Baseline", "mae"], ABSENT),
        (MetricsSummary, ["aggregate_by_split", "test", "Baseline"], ABSENT),
        (MetricsSummary, ["aggregate_metrics", "New"], {"mae": {}}),
        (MetricsSummary, ["n_failed"], -1),
        (MetricsSummary, ["incomplete"], [{"job": "dose_1/dense/test", "missing": []}]),
        (MetricsSummary, ["incomplete"], None),
        (DeltaSummary, ["generated_at"], "yesterday"),
        (DeltaSummary, ["source_metrics"], "/x/metrics_summary.json"),
        (DeltaSummary, ["source_metrics"], "../metrics_summary.json"),
        (DeltaSummary, ["deltas", "vs_Baseline"], ABSENT),
        (DeltaSummary, ["deltas", "vs_PtyChi", "ms_ssim"], ABSENT),
        (DeltaSummary, ["deltas", "vs_PtyChi", "mae", "phase"], ABSENT),
        (DeltaSummary, ["deltas", "vs_<b>"], {}),
        (DeltaSummary, ["deltas_by_split", "test", "vs_PtyChi"], ABSENT),
        (DeltaSummary, ["intervals", "vs_PtyChi", "mae", "phase", "verdict"], "splendid"),
        (DeltaSummary, ["intervals", "vs_PtyChi", "mae", "phase", "p_holm"], ABSENT),
        (DeltaSummary, ["comparisons", 0, "part"], "real"),
        (DeltaSummary, ["directions", "mae"], "sideways"),
        (DeltaSummary, ["confidence"], 1.0),
        (DeltaSummary, ["confidence"], None),
        (DeltaSummary, ["aggregate_split"], None),
        (ComparisonFile, ["region", "sha256"], "abc"),
        (ComparisonFile, ["region", "scored_fraction"], 1.5),
        (ComparisonFile, ["gauge", "PtyChi", "shift_px"], [0.0]),
        (ComparisonFile, ["flags", "PtyChi"], [""]),
        (ComparisonFile, ["models"], []),
        (ComparisonManifest, ["comparisons", 0, "status"], "lost"),
        (ComparisonManifest, ["comparisons", 0, "metrics"], "C:/x.csv"),
        (ComparisonManifest, ["comparisons", 0, "sha256"], ABSENT),
        (StageRecord, ["phase"], "H"),
        (StageRecord, ["wall_s"], "1.5"),
        (StageRecord, ["outputs", "test", "size_bytes"], -1),
        (PlanFile, ["stages"], []),
        (PlanFile, ["stages", 0, "log"], ABSENT),
        (PlanFile, ["stages", 0, "timeout_s"], 0),
        (PlanFile, ["conditions", 0, "n_replicates"], 0),
        (PlanFile, ["machine"], None),
        (Attempt, ["result"], "splendid"),
        (Attempt, ["blocker"], None),
        (Attempt, ["blocker"], {"stage": None, "exception": "", "message": ""}),
        (Attempt, ["deltas", "vs_PtyChi", "mae", "phase"], "0"),
        (Blocker, ["log_tail"], [1]),
        (Blocker, ["conditions"], {"failed": []}),
        (Blocker, ["failures"], [{"stage": None, "exception": "E", "message": ""}]),
        (VerificationReport, ["validations", 0, "detail"], ""),
        (VerificationReport, ["validations"], []),
    ],
)
def test_what_a_file_must_not_say_is_refused_with_its_place(model, place, value, content_of):
    found = fault(model, changed(content_of(model), place, value))
    shown = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in place[:-1])
    assert f"${shown}" in found
    assert str(place[-1]) in found


def test_further_arms_and_metrics_are_further_keys_and_rows(content_of):
    summary, delta = content_of(MetricsSummary), content_of(DeltaSummary)
    row = {"model": "ePIE.v2", "metric": "frc_area", "amplitude": None, "phase": None, "value": 1}
    summary["jobs"][0]["metrics"].append(row)
    summary["aggregate_metrics"]["ePIE.v2"] = summary["aggregate_metrics"]["PtyChi"]
    assert MetricsSummary.model_validate(summary).jobs[0].metrics[-1].model == "ePIE.v2"
    for part in ("deltas", "intervals"):
        delta[part]["vs_ePIE.v2"] = delta[part]["vs_PtyChi"]
    delta["deltas"]["vs_ePIE.v2"]["psnr"] = {"amplitude": 1.5, "phase": None}
    found = DeltaSummary.model_validate(delta)
    assert found.deltas["vs_ePIE.v2"]["psnr"]["amplitude"] == 1.5


def test_what_older_versions_did_not_write_may_be_missing(content_of):
    for model in (MetricsSummary, DeltaSummary, ComparisonFile, ComparisonManifest, Attempt):
        content, fields = content_of(model), model.model_fields
        kept = {key: content[key] for key in content if key in fields and fields[key].is_required()}
        model.model_validate(kept)


def test_every_model_of_a_file_has_a_schema_that_takes_further_keys(json_schemas):
    def files(model):
        for part in model.__subclasses__():
            yield from (part,) * ("schema_version" in part.model_fields)
            yield from files(part)

    drawn = {json_schemas.model_named(name) for name in json_schemas.MODELS.values()}
    assert drawn == {*files(Record), StageRecord} == set(ALL)
    for name in json_schemas.MODELS:
        schema = json_schemas.schema_of(name)
        Draft202012Validator.check_schema(schema)
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert b'"additionalProperties":false' not in orjson.dumps(schema)
        assert schema["title"] in "\n".join(json_schemas.table_lines())


def test_a_blocker_names_no_place_of_this_machine(content_of):
    assert content_of(Blocker)["message"] == "data/x.h5 is damaged"


def test_many_faults_are_cut_short(content_of):
    summary = content_of(MetricsSummary) | {"jobs": [1, 2, 3, 4, {"metrics": "x" * 999}]}
    found = fault(MetricsSummary, summary)
    assert "and 5 more" in found
    assert len(found) < 1000
