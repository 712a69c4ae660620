import sys
from pathlib import Path

import pytest

from tasks.runtime.process_lifetime import PROJECT, redact_paths


def test_places_of_this_machine_become_names(tmp_path):
    hub = tmp_path / "hub"
    lines = {
        f"{hub}/data/x.h5 is damaged": "data/x.h5 is damaged",
        f"{hub} is busy": "the hub is busy",
        f'File "{PROJECT}/tasks/x.py", line 3': 'File "<project>/tasks/x.py", line 3',
        f"{Path.home()}/scans/a.cxi": "~/scans/a.cxi",
        f"({sys.prefix}/lib/x.py)": "(<python>/lib/x.py)",
    }
    for text, expected in lines.items():
        assert redact_paths(text, hub) == expected
    assert str(tmp_path) not in redact_paths(f"{tmp_path}/other: {hub}", hub)


@pytest.mark.parametrize("text", ["1/1  done", "n/a", "/entry_1/data_1", "https://a.org/tmp/x"])
def test_other_texts_stay_as_they_are(text, tmp_path):
    assert redact_paths(text, tmp_path / "hub") == text
