"""A process that runs a command and is killed: what it had started must not outlive it."""

import subprocess
import sys
import time
from pathlib import Path

from tests.conftest import PROJECT

PARENT = """
import os, sys
from pathlib import Path
from tasks.reconstruct.command.process import run_to_end
folder = Path(sys.argv[1])
script = (
    "import os, subprocess, sys, time; "
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(120)']); "
    "open('pids', 'w').write(f'{os.getpid()} {child.pid} '); time.sleep(120)"
)
run_to_end([sys.executable, "-c", script], folder, dict(os.environ), 120, print)
"""


def start_and_kill(folder: Path) -> list[int]:
    """Return the ids of a command and of its child, after their parent was killed."""
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(folder)], cwd=PROJECT)
    found = folder / "pids"
    for _ in range(200):
        if found.is_file() and found.read_text().endswith(" "):
            break
        time.sleep(0.05)
    time.sleep(0.5)  # for its guard to be there
    parent.kill()
    parent.wait()
    return [int(word) for word in found.read_text().split()]
