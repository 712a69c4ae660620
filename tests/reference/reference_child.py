"""Makes the reference of `scan.cxi`: `python reference_child.py FOLDER PARAMS`."""

import sys
from pathlib import Path

from tasks.core.study.stage_record import StageFiles, silent
from tasks.reconstruct.params import ReferenceParams
from tasks.reconstruct.reference_stage import make_reference

folder = Path(sys.argv[1])
names = {
    "reference": "reference.h5",
    "illumination": "light.h5",
    "history": "history.csv",
    "options": "options.json",
}
files = StageFiles(
    {"scan": folder / "scan.cxi"}, {name: folder / file for name, file in names.items()}
)
make_reference(ReferenceParams.model_validate_json(sys.argv[2]), files, silent)
