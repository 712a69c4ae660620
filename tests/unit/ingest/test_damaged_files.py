"""Whatever bytes of a file are wrong, the answer is an error that names the file's fault."""

import numpy as np
import pytest

from tasks.ingest.params import IngestParams
from tasks.ingest.preparation import prepare
from tasks.ingest.resolved_scan import open_scan

N_DAMAGES = 6


@pytest.mark.parametrize("layout", ["own cxi", "ptyd", "ptychodus", "ptychopinn", "arrays"])
def test_damage_is_refused_or_harmless_and_nothing_else(layout, written):
    path, options = written(layout)
    whole = path.read_bytes()
    rng = np.random.default_rng(11)
    reasons = []
    for number in range(N_DAMAGES):
        damaged = bytearray(whole)
        if number % 2:
            damaged = damaged[: rng.integers(len(whole))]
        else:
            for place in rng.integers(0, min(len(whole), 20_000), 20):
                damaged[place] = rng.integers(256)
        path.write_bytes(bytes(damaged))
        params = IngestParams.model_validate({"file": path, **options})
        try:
            prepare(open_scan(path, params), params)
        except ValueError as error:
            reasons.append(str(error))
    assert len(reasons) >= N_DAMAGES // 2
    assert all(len(reason) > 40 for reason in reasons)
