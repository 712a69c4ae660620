import numpy as np
import pytest

from tasks.core.files.metrics_table import MetricRow, read_metrics_csv, write_metrics_csv

ROWS = [
    MetricRow("PtychoPINN", "mae", 0.1 + 0.2, 1e-17),
    MetricRow("PtychoPINN", "ms_ssim", None, 1.0),
    MetricRow("PtychoPINN", "complex_nrmse", value=2 / 3),
    MetricRow("Flat", "ms_ssim"),
]
TEXT = (
    "model,metric,amplitude,phase,value\n"
    "PtychoPINN,mae,0.3,1e-17,\n"
    "PtychoPINN,ms_ssim,,1.0,\n"
    "PtychoPINN,complex_nrmse,,,0.6666666667\n"
    "Flat,ms_ssim,,,\n"
)


def test_the_table_is_written_in_ten_digits_with_empty_cells(tmp_path):
    write_metrics_csv(tmp_path / "t.csv", ROWS)
    assert (tmp_path / "t.csv").read_text() == TEXT


def test_what_is_written_is_read_back(tmp_path):
    write_metrics_csv(tmp_path / "t.csv", ROWS)
    rows = read_metrics_csv(tmp_path / "t.csv")
    write_metrics_csv(tmp_path / "again.csv", rows)
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "t.csv").read_bytes()
    assert rows[1] == ROWS[1]
    assert rows[3] == ROWS[3]


def test_a_spreadsheet_s_habits_are_understood(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(
        b"\xef\xbb\xbfvalue,phase,amplitude,metric,model\r\n,.5,+1e-3,mae,PtyChi\r\n\r\n"
    )
    assert read_metrics_csv(path) == [MetricRow("PtyChi", "mae", 0.001, 0.5, None)]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("phase,value", "phase,seconds", "must have the columns"),
        ("phase,value", "phase,value,extra", "must have the columns"),
        ("phase,value", "phase", "must have the columns"),
        (TEXT, "", "must have the columns .* got none"),
        ("ms_ssim,,1.0,", "mae,,1.0,", "line 3: mae of PtychoPINN comes twice"),
        ("0.3", "nan", "line 2: amplitude of mae of PtychoPINN must be a finite number"),
        ("0.3", "inf", "must be a finite number or empty, got 'inf'"),
        ("0.3", "1e999", "must be a finite number"),
        ("0.3", "good", "got 'good'. Run the comparison again"),
        ("0.3", "1_0", "must be a finite number"),
        ("0.3,1e-17,", "0.3", "line 2: expected 5 cells, got 3"),
        ("0.3,", "0.3,,", "line 2: expected 5 cells, got 6"),
        ("Flat,", ",", "line 5: a row needs a model and a metric"),
    ],
)
def test_a_changed_table_is_refused_by_file_line_and_model(tmp_path, old, new, message):
    path = tmp_path / "comparison_metrics.csv"
    assert TEXT.replace(old, new) != TEXT
    path.write_text(TEXT.replace(old, new))
    with pytest.raises(ValueError, match=message) as caught:
        read_metrics_csv(path)
    assert "comparison_metrics.csv" in str(caught.value)


def test_a_table_that_is_missing_or_no_text_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"none\.csv cannot be read"):
        read_metrics_csv(tmp_path / "none.csv")
    (tmp_path / "b.csv").write_bytes(b"\xff\xfe\x00model")
    with pytest.raises(ValueError, match="cannot be read"):
        read_metrics_csv(tmp_path / "b.csv")


def test_a_number_that_is_not_finite_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="phase of mae of PtyChi is nan"):
        write_metrics_csv(tmp_path / "t.csv", [MetricRow("PtyChi", "mae", 1.0, np.nan)])
    with pytest.raises(ValueError, match="comes twice"):
        write_metrics_csv(tmp_path / "t.csv", [ROWS[0], ROWS[0]])
    assert not (tmp_path / "t.csv").exists()
