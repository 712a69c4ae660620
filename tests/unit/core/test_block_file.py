import pytest

from tasks.core.files.metrics_table import BlockRow, read_blocks, write_blocks

ROWS = [
    BlockRow("PtychoPINN", "mae", 0, 0.1 + 0.2, 1e-17),
    BlockRow("PtychoPINN", "mae", 8, -0.25, 2 / 3),
    BlockRow("PtyChi", "ms_ssim", 4, None, 1.0),
]
TEXT = (
    "model,metric,block,amplitude,phase\n"
    "PtychoPINN,mae,0,0.3,1e-17\n"
    "PtychoPINN,mae,8,-0.25,0.6666666667\n"
    "PtyChi,ms_ssim,4,,1.0\n"
)


def test_blocks_are_written_in_ten_digits_with_empty_cells_and_read_back(tmp_path):
    write_blocks(tmp_path / "b.csv", ROWS)
    assert (tmp_path / "b.csv").read_text() == TEXT
    rows = read_blocks(tmp_path / "b.csv")
    assert rows[2] == ROWS[2]
    write_blocks(tmp_path / "again.csv", rows)
    assert (tmp_path / "again.csv").read_text() == TEXT


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("phase\n", "value\n", "must have the columns model,metric,block,amplitude,phase"),
        ("mae,8", "mae,9", "line 3: blocks are numbered 0 to 8, got 9 for mae of PtychoPINN"),
        ("mae,8", "mae,-1", "line 3: a row needs a model, a metric and the number of a block"),
        ("mae,8", "mae,0", "line 3: block 0 of mae of PtychoPINN comes twice"),
        ("PtyChi", "", "line 4: a row needs a model"),
        ("0.3,", "nan,", "line 2: amplitude of mae of PtychoPINN must be a finite number"),
        ("0.3,", "", "line 2: expected 5 cells, got 4"),
    ],
)
def test_a_changed_table_is_refused_by_file_and_line(tmp_path, old, new, message):
    path = tmp_path / "block_metrics.csv"
    assert TEXT.replace(old, new) != TEXT
    path.write_text(TEXT.replace(old, new))
    with pytest.raises(ValueError, match=message) as caught:
        read_blocks(path)
    assert "block_metrics.csv" in str(caught.value)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([BlockRow("PtyChi", "mae", 1, float("inf"))], "amplitude of mae of PtyChi in block 1"),
        ([ROWS[0], ROWS[0]], "comes twice"),
        ([BlockRow("PtyChi", "mae", 9, 1.0)], "numbered 0 to 8"),
    ],
)
def test_what_has_no_place_in_the_table_is_not_written(tmp_path, rows, message):
    with pytest.raises(ValueError, match=message):
        write_blocks(tmp_path / "b.csv", rows)
    assert not (tmp_path / "b.csv").exists()
