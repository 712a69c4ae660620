"""A command as an arm: it reads the exposures of its view, and every bad end is told in words."""

import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
import yaml

from tasks.core.files.named_files import KnownFile
from tasks.core.files.scan_reader import map_view
from tasks.core.study.stage_record import StageFiles, silent
from tasks.object_readers.phase_g import read_handed_over
from tasks.reconstruct.command.params import CommandParams
from tasks.reconstruct.command.process import portable_line
from tasks.reconstruct.command.stage import run_command

GOOD = "import sys, numpy; numpy.save(sys.argv[2], numpy.ones((32, 32)) * (1 + 1j))"


@pytest.fixture
def run(small_scan, tmp_path):
    """Return what runs a script as a command on a small scan, and the files of its stage."""
    inputs = {"scan": small_scan / "train.cxi", "view": small_scan / "train.json"}
    files = StageFiles(inputs, {"solution": tmp_path / "out" / "mine_solution.h5"})

    def run_script(script, *more, told=silent, **fields):
        (tmp_path / "solve.py").write_text(script)
        content = {
            "name": "Mine",
            "command": [sys.executable, "solve.py", "{scan}", "{out}", *more],
            "time_limit_s": 60,
            **fields,
        }
        (tmp_path / "mine.yaml").write_text(yaml.safe_dump(content))
        params = CommandParams(
            name="Mine",
            solver=KnownFile(path=tmp_path / "mine.yaml"),
            files=(KnownFile(path=tmp_path / "solve.py"),),
            seed=7,
        )
        return run_command(params, files, told), files

    run_script.files = files
    return run_script


def ended(pid):
    """Tell whether a process ends within a few seconds; one that nobody waits for is over too."""
    for _ in range(100):
        status = Path(f"/proc/{pid}/status")
        if not status.is_file() or "\nState:\tZ" in status.read_text():
            return True
        time.sleep(0.05)
    return False


def test_it_is_given_just_the_exposures_of_the_view_and_no_truth(run, tmp_path):
    facts, files = run(
        f"import shutil, sys; shutil.copy(sys.argv[1], r'{tmp_path}/seen.cxi')\n{GOOD}"
    )
    expected = map_view(files.inputs["scan"], files.inputs["view"])
    with h5py.File(tmp_path / "seen.cxi") as file:
        counts = file["entry_1/instrument_1/detector_1/data"][()]
        assert "entry_1/image_1" not in file
    np.testing.assert_array_equal(counts, expected.diffraction_counts)
    assert facts["n_patterns"] == len(expected)
    assert facts["solve_s"] > 0
    stored = read_handed_over(files.outputs["solution"])
    assert stored.object_.shape == (32, 32)
    assert (stored.origin_px, stored.pixel_m, stored.format_name) == (None, None, "numpy")
    assert sorted(path.name for path in files.outputs["solution"].parent.iterdir()) == [
        "mine_solution.h5"
    ]


def test_placeholders_threads_and_environment_are_those_of_its_description(run, monkeypatch):
    monkeypatch.setenv("PHASE_G_PARENT", "1")
    script = (
        "import os, sys\n"
        "assert sys.argv[3:] == ['7', '2', os.getcwd(), 'a{b}'], sys.argv\n"
        "assert os.environ['OMP_NUM_THREADS'] == '2'\n"
        "assert not [name for name in os.environ if name.startswith('PHASE_G')]\n" + GOOD
    )
    run(script, "{seed}", "{threads}", "{work}", "a{{b}}", threads=2)


def test_what_it_says_goes_to_the_log_without_the_folders_of_the_machine(run, capsys):
    run("print('reads', __file__)\nprint('\\x1e{}')\n" + GOOD)
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["reads <folder>/solve.py", "{}"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("File '/opt/env/lib/x.py', line 3", "File '<folder>/x.py', line 3"),
        ("file:///home/me/a.npy", "<folder>/a.npy"),
        ("entry_1/data_1/data of 3/4", "entry_1/data_1/data of 3/4"),
        ("see https://a.org/b/c", "see https://a.org/b/c"),
    ],
)
def test_of_a_path_its_last_name_is_left(line, expected):
    assert portable_line(line) == expected


@pytest.mark.parametrize(
    ("script", "fields", "why"),
    [
        ("import sys; print('no memory'); sys.exit(3)", {}, r"exit code 3.*no memory"),
        ("import os; os.kill(os.getpid(), 9)", {}, "the signal SIGKILL"),
        ("print('done')", {}, r"wrote nothing to \{out\}, object.npy. Its folder is empty.*done"),
        (
            "import numpy; numpy.save('other.npy', numpy.ones((32, 32)) * 1j)",
            {},
            r"wrote nothing to \{out\}.*It left other.npy in its folder",
        ),
        (GOOD.replace("(1 + 1j)", "numpy.nan * 1j"), {}, "wrote no object: 1024 of 1024 pixels"),
        (GOOD.replace("(1 + 1j)", "1"), {}, "wrote no object.*must be complex"),
        (GOOD.replace("(1 + 1j)", "0j"), {}, "wrote no object.*zero everywhere"),
        ("open(__import__('sys').argv[2], 'w').write('hello')", {}, "wrote no object"),
        ("import time; print('slow', flush=True); time.sleep(60)", {"time_limit_s": 1.5},
         r"was not done after 1.5 s.*slow"),
    ],
)  # fmt: skip
def test_every_bad_end_is_told_in_words_and_its_folder_is_kept(run, script, fields, why):
    started = time.monotonic()
    with pytest.raises(ValueError, match=f"(?s)Mine.*{why}"):
        run(script, **fields)
    assert time.monotonic() - started < 30
    target = run.files.outputs["solution"]
    assert not target.exists()
    assert (target.parent / "mine_solution_work" / "scan.cxi").is_file()
    run(GOOD)  # The next run goes on, and tidies up.
    assert [path.name for path in target.parent.iterdir()] == ["mine_solution.h5"]


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
@pytest.mark.parametrize("limit_s", [2.0, 60.0])
def test_whatever_it_has_started_ends_with_it(run, tmp_path, limit_s):
    script = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(120)'])\n"
        f"open(r'{tmp_path}/pid', 'w').write(str(child.pid))\n"
        + ("time.sleep(60)\n" if limit_s < 60 else "")
        + GOOD
    )
    if limit_s < 60:
        with pytest.raises(ValueError, match="was not done"):
            run(script, time_limit_s=limit_s)
    else:
        run(script)
    assert ended(int((tmp_path / "pid").read_text()))


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_a_stage_that_is_killed_leaves_no_command_behind(tmp_path):
    from tests.unit.reconstruct import killed_command

    pids = killed_command.start_and_kill(tmp_path)
    assert len(pids) == 2
    assert all(ended(pid) for pid in pids)


def test_a_command_that_was_changed_since_the_plan_is_refused(tmp_path):
    (tmp_path / "solve.py").write_text("one")
    planned = KnownFile(path=tmp_path / "solve.py").model_dump()
    (tmp_path / "solve.py").write_text("another")
    with pytest.raises(ValueError, match="it was changed since"):
        KnownFile.model_validate(planned)


def test_a_program_that_has_gone_is_told(run, tmp_path):
    with pytest.raises(ValueError, match="neither on the PATH nor a file"):
        run(GOOD, command=["no-such-program", "{scan}", "{out}"])
    (tmp_path / "program").write_text("no program\n")
    (tmp_path / "program").chmod(0o700)
    with pytest.raises(ValueError, match="cannot be started"):
        run(GOOD, command=["./program", "{scan}", "{out}"])
