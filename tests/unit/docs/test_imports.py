import os
import subprocess
import sys

import grimp
import pytest

from tasks.runtime.stage_loading import IMPORTED_LATE


def printed_by(script):
    """Return the lines that a fresh process prints."""
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"KERAS_BACKEND": "tensorflow"},
    )
    return done.stdout.splitlines()


def test_the_flow_loads_no_framework():
    """TensorFlow and torch belong to child processes; importing both in one would crash."""
    script = (
        "import sys, flows.phase_g, flows.cli.command_line\n"
        "print(sorted({'tensorflow', 'torch', 'keras', 'ptychi'} & set(sys.modules)))"
    )
    assert printed_by(script) == ["[]"]


@pytest.mark.slow
def test_keras_comes_without_what_it_takes_along_and_that_can_still_be_imported():
    script = (
        "import sys\n"
        "from tasks.runtime.stage_loading import NOT_NEEDED, import_keras\n"
        "import_keras()\n"
        "import keras\n"
        "print(sorted(set(NOT_NEEDED) & set(sys.modules)), keras.backend.backend())\n"
        "import matplotlib.pyplot, pandas, sklearn\n"
        "print(sorted(set(NOT_NEEDED) & set(sys.modules)))"
    )
    assert printed_by(script) == ["[] tensorflow", "['matplotlib', 'pandas', 'sklearn']"]


def test_what_is_loaded_before_keras_stays():
    script = (
        "import sys, matplotlib\n"
        "from tasks.runtime.stage_loading import import_keras\n"
        "import_keras()\n"
        "print(sys.modules['matplotlib'] is matplotlib)"
    )
    assert printed_by(script) == ["True"]


def test_all_stages_that_use_pty_chi_have_it_loaded_before_their_clock_starts():
    """Otherwise the costs of some would hold the loading of torch, and those of others not."""
    graph = grimp.build_graph("tasks", include_external_packages=True, cache_dir=None)
    stages = [name for name in graph.modules if name.endswith("stage")]
    with_solver = {name for name in stages if graph.find_shortest_chain(name, "ptychi")}
    assert with_solver == set(IMPORTED_LATE)
