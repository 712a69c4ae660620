import pytest

from tasks.report.records.hub_contents import used_parameters

SIMULATED = {"view": "dense", "sample": {"kind": "lines"}, "scan": {"kind": "raster"}, "seed": 1}


def measured(**options):
    group = {"file": "star.cxi", "labels": "reference", "thin": False}
    return SIMULATED | {"measured": group | options}


@pytest.mark.parametrize("group", [{}, {"measured": None}])
def test_a_simulation_uses_all_of_them(group):
    assert used_parameters(SIMULATED | group) == SIMULATED | group


def test_a_measured_scan_has_its_file_and_nothing_of_a_simulation():
    assert used_parameters(measured()) == {
        "view": "measured",
        "seed": 1,
        "measured": measured()["measured"],
        "scan": "star.cxi",
        "labels": "reference",
    }


def test_a_thinned_scan_has_the_view_that_was_chosen():
    assert used_parameters(measured(thin=True))["view"] == "dense"


def test_labels_of_a_simulation_come_from_its_sample():
    assert used_parameters(measured(labels="simulation"))["sample"] == {"kind": "lines"}
