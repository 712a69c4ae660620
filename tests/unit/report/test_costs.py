import csv

import pytest
from PIL import Image
from pydantic import ValidationError

from tasks.core.files.atomic_files import write_json
from tasks.core.files.metrics_table import MetricRow, write_metrics_csv
from tasks.core.study.stage_record import StageFiles, StageRecord, silent
from tasks.report.costs.cost_points import cost_points, pareto_front
from tasks.report.costs.cost_table import (
    costs_markdown,
    digest_lines,
    read_costs,
    write_costs,
)
from tasks.report.costs.costs import ArmCost, CostParams, CostSource, arm_costs, taken_from
from tasks.report.records.comparisons import ComparisonKey
from tasks.report.stage import summarise_costs

DENSE = ComparisonKey(1000, "dense", "test", 1)


def record(wall_s=10.0, cpu_s=8.0, peak=500.0, **facts):
    return StageRecord(
        stage="any",
        phase="F",
        cache_key="key",
        params={},
        inputs={},
        outputs={},
        facts=facts,
        wall_s=wall_s,
        cpu_s=cpu_s,
        peak_memory_mib=peak,
        versions={},
    )


def source(model, role, manifest, replicate=1, view="dense", split="test"):
    return CostSource(
        model=model,
        role=role,
        dose=1000,
        view=view,
        split=split,
        replicate=replicate,
        manifest=manifest,
        table=f"{view}/{split}/{replicate}",
    )


RECORDS = {
    "train": record(wall_s=90, cpu_s=60, peak=900, n_patterns=120),
    "take": record(
        wall_s=1,
        cpu_s=0.1,
        n_patterns=120,
        arm="PtychoPINN",
        source_training_cpu_s=60.0,
        taken_from="other/data/phase_e/dose_1000/dense/ptychopinn/gs16",
    ),
    "predict": record(wall_s=4, cpu_s=2, peak=300, n_patterns=100, inference_s=0.5),
    "refine": record(wall_s=20, cpu_s=15, peak=600, n_patterns=100, solve_s=9.5),
    "iterate": record(wall_s=50, cpu_s=40, peak=550, n_patterns=100),
    "adapt": record(wall_s=30, cpu_s=20, peak=800, n_patterns=100),
    "project": record(wall_s=10, cpu_s=8, n_patterns=100, same_s=1.0, longer_s=5.0),
}


def only(*sources):
    (cost,) = arm_costs(sources, RECORDS)
    return cost


def test_a_network_is_charged_its_prediction_and_its_training_apart():
    cost = only(
        source("PtychoPINN", "train", "train"), source("PtychoPINN", "reconstruct", "predict")
    )
    assert (cost.model, cost.key) == ("PtychoPINN", DENSE)
    assert (cost.cpu_s, cost.wall_s, cost.training_cpu_s) == (2, 4, 60)
    assert cost.peak_memory_mib == 300
    assert cost.patterns_per_s == 100 / 0.5


def test_a_network_of_another_hub_is_charged_what_its_training_took_there():
    cost = only(
        source("PtychoPINN", "take", "take"), source("PtychoPINN", "reconstruct", "predict")
    )
    assert (cost.cpu_s, cost.training_cpu_s) == (2, 60)
    assert cost.training_cpu_s_per_pattern == 60 / 120
    text = costs_markdown([], taken_from(RECORDS.values()))
    assert "the networks of PtychoPINN come from the hub other, and the training" in text
    assert "Nothing was trained here" not in costs_markdown([])
    assert cost.training_cpu_s_per_pattern == 60 / 120


def test_a_refined_arm_pays_for_the_prediction_that_it_starts_from():
    cost = only(
        source("PtychoPINN-refined", "train", "train"),
        source("PtychoPINN-refined", "start", "predict"),
        source("PtychoPINN-refined", "refine", "refine"),
    )
    assert (cost.cpu_s, cost.wall_s, cost.peak_memory_mib) == (17, 24, 600)
    assert cost.patterns_per_s == 100 / (0.5 + 9.5)


def test_labels_that_had_to_be_made_are_paid_for_with_the_training():
    cost = only(
        source("Baseline", "label", "iterate"),
        source("Baseline", "train", "train"),
        source("Baseline", "reconstruct", "predict"),
    )
    assert (cost.cpu_s, cost.training_cpu_s) == (2, 40 + 60)
    assert cost.peak_memory_mib == 300
    assert cost.training_cpu_s_per_pattern == (40 + 60) / 120


def test_fine_tuning_on_the_scan_is_paid_for_every_scan():
    cost = only(
        source("PtychoPINN-adapted", "train", "train"),
        source("PtychoPINN-adapted", "adapt", "adapt"),
        source("PtychoPINN-adapted", "reconstruct", "predict"),
    )
    assert (cost.cpu_s, cost.training_cpu_s) == (22, 60)


def test_without_a_time_of_its_work_a_stage_counts_whole():
    cost = only(source("PtyChi", "reconstruct", "iterate"))
    assert cost.patterns_per_s == 100 / 50
    assert (cost.training_cpu_s, cost.training_cpu_s_per_pattern) == (0, None)


def test_controls_made_by_one_stage_share_its_cost():
    shorter = only(source("NoNetwork", "reconstruct", "project"))
    longer = only(source("NoNetwork5x", "reconstruct", "project"))
    assert longer.cpu_s == 8
    assert shorter.cpu_s == pytest.approx(8 * (1 - 4 / 10))
    assert (shorter.patterns_per_s, longer.patterns_per_s) == (100, 20)


def test_a_model_with_trainings_alone_is_refused():
    with pytest.raises(ValueError, match="Name the stage that reconstructs it"):
        arm_costs([source("Baseline", "train", "train")], RECORDS)


@pytest.mark.parametrize("role", ["predict", ""])
def test_unknown_roles_are_refused(role):
    with pytest.raises(
        ValidationError, match="'label', 'take', 'train', 'adapt', 'start', 'reconstruct' or"
    ):
        source("Baseline", role, "train")


def test_replicates_become_a_mean_and_a_spread():
    costs = [
        cost
        for replicate, manifest in ((1, "predict"), (2, "iterate"))
        for cost in arm_costs([source("PtyChi", "reconstruct", manifest, replicate)], RECORDS)
    ]
    tables = {
        DENSE._replace(replicate=number): [MetricRow("PtyChi", "mae", 0.03, value)]
        for number, value in ((1, 0.04), (2, 0.06))
    }
    (point,) = cost_points(costs, tables)
    assert (point.cpu_s.mean, point.cpu_s.deviation) == (21, pytest.approx(38 / 2**0.5))
    assert point.quality["mae", "phase"].mean == pytest.approx(0.05)
    assert point.quality["mae", "amplitude"].deviation == 0


def test_an_error_that_a_replicate_lacks_is_left_out():
    costs = arm_costs([source("PtyChi", "reconstruct", "iterate")], RECORDS)
    (point,) = cost_points(costs, {DENSE: [MetricRow("PtyChi", "mae", 0.03, None)]})
    assert set(point.quality) == {("mae", "amplitude")}


def test_the_front_holds_what_no_other_point_beats():
    points = [(1, 5), (2, 4), (3, 4.5), (4, 1), (4, 2), (9, 1), (2, 4)]
    assert pareto_front(points) == [(1, 5), (2, 4), (4, 1)]
    assert pareto_front([]) == []


@pytest.fixture
def stage(tmp_path):
    """Write records and tables of two networks and pty-chi, two seeds and a training split."""
    inputs = {name: tmp_path / f"{name}.json" for name in RECORDS}
    for name, path in inputs.items():
        write_json(path, RECORDS[name].model_dump(mode="json"))
    sources = []
    for place in (("test", 1), ("test", 2), ("train", 1)):
        split, replicate = place
        table = f"dense/{split}/{replicate}"
        inputs[table] = tmp_path / f"{split}_{replicate}.csv"
        models = {"PtychoPINN": 0.07, "Baseline": 0.071, "PtyChi": 0.05, "NoNetwork": 0.08}
        rows = [
            MetricRow(model, "mae", error / 2, error + replicate / 1000)
            for model, error in models.items()
        ]
        write_metrics_csv(inputs[table], rows)
        for model in ("PtychoPINN", "Baseline"):
            sources.append(source(model, "train", "train", replicate, split=split))
            sources.append(source(model, "reconstruct", "predict", replicate, split=split))
        sources.append(source("PtyChi", "reconstruct", "iterate", replicate, split=split))
        sources.append(source("NoNetwork", "reconstruct", "project", replicate, split=split))
    outputs = {name: tmp_path / f"out.{name}" for name in ("costs", "text", "plot")}
    return CostParams(sources=tuple(sources)), StageFiles(inputs, outputs)


def test_the_stage_writes_table_text_and_picture(stage):
    params, files = stage
    facts = summarise_costs(params, files, silent)
    assert facts["n_reconstructions"] == 12
    assert facts["splits_shown"] == ["test"]
    with files.outputs["costs"].open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 12
    assert rows[0] == {
        "model": "PtychoPINN",
        "dose": "1000",
        "view": "dense",
        "split": "test",
        "replicate": "1",
        "wall_s": "4",
        "cpu_s": "2",
        "training_cpu_s": "60",
        "peak_memory_mib": "300",
        "n_patterns": "100",
        "patterns_per_s": "200",
        "training_cpu_s_per_pattern": "0.5",
    }
    assert rows[2]["training_cpu_s_per_pattern"] == ""
    text = files.outputs["text"].read_text(encoding="utf-8")
    assert "## 1000 photons per pattern, dense view, test split" in text
    assert "| PtyChi | 40.0 ± 0.0 | 0 | 550 ± 0 | 2.00 ± 0.00 | 0.0250 ± 0.0000 |" in text
    assert "train split" not in text
    with Image.open(files.outputs["plot"]) as image:
        assert image.format == "PNG"
        assert len(image.convert("RGB").getcolors(10**6)) > 50


def test_the_same_inputs_give_the_same_table_and_picture(stage):
    params, files = stage
    summarise_costs(params, files, silent)
    before = {name: path.read_bytes() for name, path in files.outputs.items()}
    summarise_costs(params, files, silent)
    assert {name: path.read_bytes() for name, path in files.outputs.items()} == before


def test_the_section_of_the_digest_has_no_title_and_lesser_headings(stage):
    params, files = stage
    summarise_costs(params, files, silent)
    lines = digest_lines(files.outputs["text"].read_text(encoding="utf-8"))
    assert lines[0].startswith("CPU-seconds")
    assert [line for line in lines if line.startswith("#")] == [
        "### 1000 photons per pattern, dense view, test split"
    ]


def test_an_input_that_is_not_given_is_named(stage):
    params, files = stage
    inputs = {name: path for name, path in files.inputs.items() if name != "iterate"}
    with pytest.raises(ValueError, match="name iterate, which is no input"):
        summarise_costs(params, StageFiles(inputs, files.outputs), silent)


def test_a_file_that_is_no_record_is_named(stage):
    params, files = stage
    write_json(files.inputs["iterate"], {"stage": "x"})
    with pytest.raises(
        ValueError, match=r"iterate\.json is not the record of a stage: 10 of.*again"
    ):
        summarise_costs(params, files, silent)


def test_costs_are_read_as_they_were_written(tmp_path):
    costs = [
        ArmCost("PtyChi", DENSE, 4.0, 3.5, 0.0, 512.25, 25, 7.5, None),
        ArmCost("Baseline", DENSE._replace(replicate=2), 1.0, 0.5, 60.0, 99.0, None, None, 2.5),
    ]
    write_costs(tmp_path / "costs.csv", costs)
    assert read_costs(tmp_path / "costs.csv") == costs


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("cpu_s", "other", "lacks the columns cpu_s"),
        ("3.5", "nan", "finite numbers"),
        ("3.5", "", "lack 'cpu_s'"),
        ("3.5", "much", "could not convert"),
    ],
)
def test_a_bad_table_of_costs_is_refused(tmp_path, old, new, message):
    path = tmp_path / "costs.csv"
    write_costs(path, [ArmCost("PtyChi", DENSE, 4.0, 3.5, 0.0, 512.25, 25, 7.5, None)])
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(ValueError, match=message):
        read_costs(path)
