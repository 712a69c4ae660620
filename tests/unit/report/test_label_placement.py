import itertools

from tasks.report.costs.label_placement import Box, place_labels

FRAME = Box(0, 0, 400, 300)
SIZE = (60.0, 12.0)


def dot(x, y):
    return Box(x - 5, y - 5, x + 5, y + 5)


def test_a_label_alone_stands_to_the_right_of_its_point():
    (box,) = place_labels([(100, 100)], [SIZE], [dot(100, 100)], FRAME)
    assert box.left > 105
    assert box.bottom < 100 < box.top


def test_labels_of_a_crowd_cover_neither_points_nor_each_other():
    anchors = [(200 + 9 * place, 150 + 6 * place) for place in range(6)]
    obstacles = [dot(*anchor) for anchor in anchors]
    boxes = place_labels(anchors, [SIZE] * 6, obstacles, FRAME)
    assert all(box.overlap(obstacle) == 0 for box in boxes for obstacle in obstacles)
    assert all(one.overlap(two) == 0 for one, two in itertools.combinations(boxes, 2))
    assert all(box.overlap(FRAME) == box.area for box in boxes)


def test_a_label_at_the_border_stays_inside():
    (box,) = place_labels([(390, 295)], [SIZE], [dot(390, 295)], FRAME)
    assert box.right <= 400
    assert box.top <= 300


def test_a_line_to_the_right_is_not_covered():
    line = Box(100, 98, 400, 102)
    (box,) = place_labels([(100, 100)], [SIZE], [dot(100, 100), line], FRAME)
    assert box.overlap(line) == 0
