import subprocess
import sys


def test_the_flow_loads_no_framework():
    """TensorFlow and torch belong to child processes; importing both in one would crash."""
    script = (
        "import sys, flows.phase_g, flows.command_line\n"
        "print(sorted({'tensorflow', 'torch', 'keras', 'ptychi'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
