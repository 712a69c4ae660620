"""The stage and its command line: files in, files out, and the exit code."""

from html import unescape

import numpy as np
import pytest
from PIL import Image

from tasks.core.files.atomic_files import read_json
from tasks.core.files.scan_reader import ScanReader, read_scan
from tasks.core.study.stage_record import StageFiles, silent
from tasks.ingest.__main__ import main
from tasks.ingest.importers import IMPORTERS
from tasks.ingest.params import OUTPUTS, IngestParams
from tasks.ingest.stage import ingest


def run(folder, path, **options):
    files = StageFiles({}, {name: folder / file for name, file in OUTPUTS.items()})
    params = IngestParams.model_validate({"file": path, **options})
    return ingest(params, files, silent), files.outputs


def test_the_stage_writes_the_scan_its_checks_and_pictures(written, scan, tmp_path):
    path, options = written("ptyd")
    facts, outputs = run(tmp_path / "out", path, check_orientation=False, **options)
    assert {file.name for file in (tmp_path / "out").iterdir()} == set(OUTPUTS.values())
    assert facts["n_patterns"] == 100
    assert facts["geometry_known"] is True
    np.testing.assert_array_equal(
        read_scan(outputs["scan"]).diffraction_counts, scan.diffraction_counts
    )
    checks = read_json(outputs["checks"])
    assert checks["verdict"] == facts["verdict"]
    for name in ("patterns_plot", "positions_plot", "light_plot", "orientation_plot"):
        with Image.open(outputs[name]) as image:
            assert image.width >= 1000
    page = outputs["page"].read_text()
    assert page.count("data:image/png;base64") == 4
    assert all(finding["message"] in unescape(page) for finding in checks["findings"])
    assert str(tmp_path) not in page


def test_a_refused_scan_leaves_its_checks_and_no_scan(written, tmp_path):
    path, _ = written("cxi")
    with pytest.raises(ValueError, match=r"\[no_overlap\].*--measured\.accept no_overlap"):
        run(tmp_path / "out", path, distance_m=0.4)
    assert (tmp_path / "out/checks.html").is_file()
    assert not (tmp_path / "out/scan.cxi").exists()


@pytest.mark.slow
def test_equal_parameters_give_equal_checks(written, tmp_path):
    path, options = written("cxi")
    for name in ("a", "b"):
        run(tmp_path / name, path, check_orientation=False, **options)
    for file in set(OUTPUTS.values()) - {"scan.cxi"}:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_a_scan_is_imported_from_the_command_line(written, tmp_path, capsys):
    path, options = written("arrays")
    layout = ["--layout.file", str(options["layout"]["file"])]
    out = tmp_path / "out.cxi"
    assert main(["import", str(path), str(out), *layout]) == 0
    assert len(ScanReader(out)) == 100
    assert (tmp_path / "out-checks/checks.html").is_file()
    assert "as stated" in capsys.readouterr().out
    assert main(["import", str(path), str(out), *layout]) == 2
    assert "--force" in capsys.readouterr().err


def test_a_refusal_is_exit_code_one_and_bad_input_two(written, tmp_path, capsys):
    path, _ = written("cxi")
    words = ["check", str(path), "--distance-m", "0.4", "--out", str(tmp_path / "checks")]
    assert main(words) == 1
    assert "no_overlap" in capsys.readouterr().out
    assert main(["check", str(tmp_path / "none.cxi")]) == 2
    assert "is not there" in capsys.readouterr().err
    assert main(["check", str(path), "--energy-ev", "8"]) == 2
    assert "--energy-ev" in capsys.readouterr().err


def test_options_may_stand_in_a_file(written, tmp_path):
    path, _ = written("ptychopinn")
    (tmp_path / "options.yaml").write_text("geometry_unknown: true\ncheck_orientation: false\n")
    words = ["--parameters", str(tmp_path / "options.yaml"), "--out", str(tmp_path / "checks")]
    assert main(["check", str(path), *words]) == 0


def test_the_scan_itself_is_never_overwritten(written, capsys):
    path, _ = written("cxi")
    before = path.read_bytes()
    assert main(["import", str(path), str(path), "--force"]) == 2
    assert path.read_bytes() == before


def test_parameters_are_recorded_without_folders_and_read_again(written, tmp_path):
    path, options = written("ptychodus")
    params = IngestParams.model_validate({"file": path, "data_root": tmp_path, **options})
    assert str(tmp_path) not in str(params.record)
    assert IngestParams.model_validate(params.model_dump(mode="json")) == params


def test_a_changed_companion_file_is_noticed(written):
    path, options = written("arrays")
    params = IngestParams.model_validate({"file": path, **options})
    with params.layout.file.open("a") as file:
        file.write("# another thought\n")
    with pytest.raises(ValueError, match="it was changed since"):
        IngestParams.model_validate(params.model_dump(mode="json"))


@pytest.mark.slow
def test_the_measured_siemens_star_is_imported_in_its_right_orientation(measured, tmp_path):
    path = measured("siemens-star-small.npz.bz2")
    layout = tmp_path / "star.yaml"
    layout.write_text(
        "patterns: {array: data, values: intensity, zero_frequency: corner}\n"
        "positions: {array: scan, unit: px, order: yx, moves: probe}\n"
        "probe: {array: probe}\n"
        "geometry: unknown\n"
    )
    facts, outputs = run(tmp_path / "out", path, layout={"file": layout})
    assert (facts["verdict"], facts["n_patterns"]) == ("good", 516)
    assert facts["orientation"]["verdict"] == "as stated"
    assert facts["orientation"]["misfit_ratio"] > 1.5
    counts = ScanReader(outputs["scan"]).summed_pattern()
    assert counts.sum() / 516 == pytest.approx(461212.9, abs=0.1)
    with pytest.raises(ValueError, match="fits better with y and x swapped"):
        run(tmp_path / "swapped", path, layout={"file": layout}, positions={"swap": True})
    # Without the probe of the file too.
    estimated = {"layout": {"file": layout}, "probe": {"origin": "estimated"}}
    facts, _ = run(tmp_path / "estimated", path, **estimated)
    assert facts["orientation"]["verdict"] == "as stated"


def test_every_format_is_described_for_people():
    description = IngestParams.model_fields["format"].description
    assert all(name in description for name in IMPORTERS)
