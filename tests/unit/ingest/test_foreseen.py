"""What a run would refuse is foreseen, strays are named, options are those that are typed."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from flows.params.measured import MeasuredParams
from flows.params.run import PhaseGParams
from flows.planning.plan import make_plan
from tasks.compare.alignment.region import scored_region
from tasks.core.files.scan_file import read_scan_header, write_scan
from tasks.core.geometry.overlap import jittered_raster, measure_overlap
from tasks.core.geometry.region_cut import RegionParams, cut_in_regions
from tasks.core.geometry.scored_pixels import COVERAGE_FRACTION, EROSION_PX, largest_rectangle
from tasks.core.geometry.stray_positions import find_stray_positions
from tasks.core.study.seeds import Split
from tasks.core.study.stage_record import StageFiles, silent
from tasks.ingest.__main__ import main
from tasks.ingest.checks.region_checks import check_regions
from tasks.ingest.checks.scan_checks import in_place
from tasks.ingest.params import OUTPUTS, IngestParams, as_typed
from tasks.ingest.preparation import foreseen_probe, prepare
from tasks.ingest.resolved_scan import open_scan
from tasks.ingest.stage import check_scan, ingest
from tasks.runtime.errors import BadInputError


@pytest.fixture
def file(tmp_path, scan):
    def write(**fields):
        write_scan(tmp_path / "scan.cxi", replace(scan, **fields))
        return tmp_path / "scan.cxi"

    return write


def finding(checks, code):
    (found,) = [one for one in checks.findings if one.code == code]
    return found


def misread(scan, places):
    positions = scan.positions_px.copy()
    for index, place in places.items():
        positions[index] = place
    return positions


NARROW = 0.55


def test_a_scan_that_a_run_cannot_cut_is_told_with_the_option_of_the_run(file, scan, prepared):
    path = file(positions_px=20 + NARROW * (scan.positions_px - 20))
    found = check_scan(prepared(path, check_orientation=False))
    told = finding(found, "regions")
    assert "at least 16 are needed" in told.message
    assert "--measured.regions.guard-px" in told.cure
    assert found.verdict == "usable"
    # The guard band that is named makes a run possible.
    guard = float(told.cure.split("guard-px ")[1].split()[0])
    with pytest.raises(BadInputError, match=r"--measured\.regions\.guard-px"):
        make_plan(PhaseGParams(measured=MeasuredParams(file=path)))
    regions = {"guard_px": guard}
    assert make_plan(PhaseGParams(measured=MeasuredParams(file=path, regions=regions)))


@pytest.mark.parametrize(
    "options",
    [{}, {"probe": {"origin": "estimated"}}, {"probe": {"n_modes": 3}}, {"n_px": 24}],
    ids=["own probe", "estimated probe", "three modes", "cropped"],
)
def test_check_plan_and_run_cut_a_scan_in_one_way(file, scan, tmp_path, options):
    path = file()
    params = IngestParams.model_validate({"file": path, "check_orientation": False} | options)
    opened = open_scan(path, params)
    prepared = prepare(opened, params)
    prepared.write_scan_cxi(tmp_path / "prepared.cxi")
    sent = read_scan_header(tmp_path / "prepared.cxi")
    done = cut_in_regions(sent.positions_px, sent.probe_modes, RegionParams())
    checked = cut_in_regions(in_place(prepared), prepared.guess.modes, RegionParams())
    planned = cut_in_regions(
        prepared.header.positions_px, foreseen_probe(opened, params), RegionParams()
    )
    assert checked.guard_px == pytest.approx(done.guard_px, abs=1e-6)
    assert planned.guard_px == pytest.approx(done.guard_px, abs=0.5)
    for split in Split:
        assert len(checked.indices[split]) == len(done.indices[split])
        assert abs(len(planned.indices[split]) - len(done.indices[split])) <= 10


def test_the_scan_that_would_do_for_ms_ssim_is_told(file, scan, prepared):
    told = finding(check_scan(prepared(file(), check_orientation=False)), "regions")
    assert told.severity.value == "info"
    assert "MS-SSIM needs 176 px a side" in told.message
    assert re.search(r"about \d+ x \d+ positions at this step of 4\.\d", told.message)
    assert " um)" in told.message


@pytest.mark.parametrize(
    ("places", "far"),
    [
        ({17: (1e6, 40.0)}, True),
        ({17: (-300.0, -300.0), 60: (-300.0, -300.0)}, True),
        ({5: (-4000.0, 9.0), 44: (70.0, 5000.0), 45: (1e5, 1e5)}, True),
    ],
)
def test_strays_are_named_one_by_one_and_change_no_step(file, scan, prepared, places, far):
    positions = misread(scan, places) - [600, 600]
    found = check_scan(prepared(file(positions_px=positions)))
    told = finding(found, "stray_positions")
    for index in places:
        assert f"{index} at (" in told.message
        assert f"--positions.leave-out {index}" in told.cure
    expected = measure_overlap(np.delete(scan.positions_px, list(places), axis=0), 10.0)
    assert found.overlap.step_px == pytest.approx(expected.step_px)
    options = {"positions": {"leave_out": tuple(places)}}
    cured = check_scan(prepared(tmp := file(positions_px=positions), **options))
    assert tmp.is_file()
    assert "stray_positions" not in {one.code for one in cured.findings}
    assert cured.verdict != "refused"


def test_a_jump_within_the_scan_is_off_the_path():
    positions = jittered_raster(12, 12, 5.0, 0.5, np.random.default_rng(0))
    snake = positions.reshape(12, 12, 2).copy()
    snake[1::2] = snake[1::2, ::-1].copy()
    snake = snake.reshape(-1, 2)
    assert not len(find_stray_positions(snake))
    snake[30] = snake[100] + 1.0
    assert find_stray_positions(snake).tolist() == [30]


@pytest.mark.parametrize("kind", ["raster", "spiral", "random"])
def test_usual_scans_have_no_strays(kind):
    rng = np.random.default_rng(1)
    k = np.arange(400)
    positions = {
        "raster": jittered_raster(20, 20, 5.0, 2.0, rng),
        "spiral": 3 * np.sqrt(k)[:, None] * np.stack([np.sin(2.4 * k), np.cos(2.4 * k)], axis=1),
        "random": rng.uniform(0, 100, (400, 2)),
    }[kind]
    assert not len(find_stray_positions(positions))


def test_positions_that_are_not_finite_can_be_left_out(file, scan, prepared):
    path = file(positions_px=misread(scan, {8: (np.nan, 1.0)}))
    with pytest.raises(ValueError, match=r"number 8.*--positions\.leave-out 8"):
        prepared(path)
    found = prepared(path, positions={"leave_out": (8,)})
    assert 8 not in found.kept
    assert np.all(np.isfinite(found.header.positions_px))
    with pytest.raises(ValueError, match=r"names exposure 100.*has 100"):
        prepared(path, positions={"leave_out": (8, 100)})


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("Give --positions.swap.", "Give --measured.positions.swap."),
        (
            "--n-px; or --n-pxy, --accept no_overlap",
            "--measured.n-px; or --n-pxy, --measured.accept no_overlap",
        ),
        ("--measured.regions.guard-px --hub", "--measured.regions.guard-px --hub"),
    ],
)
def test_options_are_named_as_a_run_has_them(text, typed):
    assert as_typed(text, "measured.") == typed
    assert as_typed(text, "") == text


def test_a_run_names_its_own_options_and_a_check_those_of_the_check(written, tmp_path, capsys):
    path, _ = written("cxi")
    files = StageFiles({}, {name: tmp_path / "out" / name for name in OUTPUTS})
    params = MeasuredParams(file=path, distance_m=0.4).ingest
    with pytest.raises(ValueError, match=r"--measured\.positions\.unit.*--measured\.accept no_ov"):
        ingest(params, files, silent)
    assert "--measured.positions.unit" in (tmp_path / "out" / "page").read_text()
    main(["check", str(path), "--distance-m", "0.4", "--out", str(tmp_path / "checks")])
    assert "(--positions.unit)" in capsys.readouterr().out
    path, _ = written("ptychopinn")
    with pytest.raises(BadInputError, match=r"--measured\.energy-ev"):
        make_plan(PhaseGParams(measured=MeasuredParams(file=path)))


def test_what_is_accepted_is_shown_as_such_and_every_other_check_runs(written, tmp_path, capsys):
    path, _ = written("cxi")
    words = ["check", str(path), "--distance-m", "0.4", "--out", str(tmp_path / "checks")]
    assert main([*words, "--accept", "no_overlap"]) == 0
    out = capsys.readouterr().out
    assert "accepted no_overlap" in out
    assert "orientation" in out
    assert "usable:" in out


def test_two_scans_of_one_name_do_not_share_their_checks(written, scan, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first, _ = written("own cxi")
    (tmp_path / "other").mkdir()
    second = tmp_path / "other" / first.name
    write_scan(second, replace(scan, diffraction_counts=scan.diffraction_counts + np.uint16(1)))
    options = tmp_path / "options.yaml"
    options.write_text("check_orientation: false\n")
    for path in (first, second):
        main(["check", str(path), "--parameters", str(options)])
    assert len(list(tmp_path.glob("own-*-checks/checks.json"))) == 2


def test_a_run_does_not_ask_for_the_orientation_a_second_time(written):
    path, _ = written("own cxi")
    regions = {"guard_px": 8.0}
    plan = make_plan(PhaseGParams(measured=MeasuredParams(file=path, regions=regions)))
    calls = plan.replicates[0].named("iterate-ptychi")
    assert calls
    assert not any(call.params["check_orientation"] for call in calls)


def test_the_measured_star_is_cut_so_that_ms_ssim_has_its_side(measured, prepared):
    path = measured("siemens-star-small.npz.bz2")
    layout = {"file": Path(__file__).parents[3] / "docs/scans/siemens_star.yaml"}
    star = prepared(path, layout=layout)
    regions = cut_in_regions(star.header.positions_px, star.header.probe_modes, RegionParams())
    assert regions.guard_px == pytest.approx(72.4, abs=0.1)
    for split, least_px in ((Split.TRAIN, 120), (Split.TEST, 176)):
        chosen = replace(star.header, positions_px=star.header.positions_px[regions.indices[split]])
        mask = scored_region(chosen, COVERAGE_FRACTION, EROSION_PX).mask
        assert min(part.stop - part.start for part in largest_rectangle(mask)) >= least_px
    overlap = measure_overlap(star.header.positions_px, star.guess.facts["diameter_px"])
    assert not list(check_regions(star, overlap))
