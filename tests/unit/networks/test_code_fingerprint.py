"""The fingerprint of a network's code: what it covers, and what changes it."""

import ast

from tasks.networks import code_fingerprint
from tasks.networks.code_fingerprint import network_code_sha256, network_modules


def words(source):
    return list(code_fingerprint._words(ast.parse(source)))


def test_it_covers_what_a_prediction_goes_through_and_no_training():
    modules = network_modules()
    assert {
        "tasks.core.geometry.patches",
        "tasks.core.physics.probe",
        "tasks.networks.architectures.unet",
        "tasks.networks.architectures.unrolled",
        "tasks.networks.initial_guess.sweeps",
        "tasks.networks.physics",
        "tasks.networks.projections",
    } <= set(modules)
    assert not [name for name in modules if name.startswith(("tasks.train", "tasks.reconstruct"))]
    assert "tasks.networks.model_record" not in modules
    assert len(network_code_sha256()) == 64


def test_comments_docstrings_and_layout_do_not_count_and_numbers_do():
    plain = words("def f(x):\n    return x + 1\n")
    assert plain == words('"""Module."""\ndef f( x ):\n    """Say."""\n    # y\n    return (x+1)\n')
    assert plain != words("def f(x):\n    return x + 2\n")
    assert plain != words("def g(x):\n    return x + 1\n")
