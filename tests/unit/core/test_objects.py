from pathlib import Path

import h5py
import numpy as np
import pytest
from pydantic import ValidationError
from scipy.ndimage import gaussian_filter, map_coordinates

from tasks.core.files.object_file import ObjectWindow, write_object
from tasks.core.objects import OBJECTS, ObjectParams, make_object, object_facts
from tasks.core.objects.natural_texture import IMAGES
from tasks.core.objects.siemens_star import inner_radius_px, star_centres_px
from tasks.core.study.seeds import Purpose, spawn

DRAWN = [kind for kind in OBJECTS if kind != "file"]
SHAPE = (128, 160)


def draw(kind="dead_leaves", shape=SHAPE, seed=42, **options):
    return make_object(ObjectParams(kind=kind, **options), shape, spawn(seed, Purpose.OBJECT))


def some_field(shape=(40, 50)):
    rng = np.random.default_rng(5)
    return rng.uniform(0.2, 0.9, shape) * np.exp(1j * rng.uniform(-2, 2, shape))


@pytest.fixture
def saved(tmp_path):
    """Save an array under a name, in the format of its suffix."""

    def save(name: str, array: np.ndarray) -> Path:
        path = tmp_path / name
        if path.suffix == ".npy":
            np.save(path, array)
        elif path.suffix == ".npz":
            np.savez(path, some_name=array)
        else:
            write_object(path, ObjectWindow(array, (0, 0)))
        return path

    return save


@pytest.mark.parametrize("kind", DRAWN)
def test_objects_show_amplitude_and_phase_that_differ(kind):
    object_ = draw(kind)
    assert object_.shape == SHAPE
    assert np.abs(object_).std() > 0.05
    assert np.angle(object_).std() > 0.2
    correlation = np.corrcoef(np.abs(object_).ravel(), np.angle(object_).ravel())[0, 1]
    assert abs(correlation) < 0.5


@pytest.mark.parametrize("kind", DRAWN)
def test_objects_use_most_of_their_ranges_everywhere(kind):
    object_ = draw(kind, (300, 300))
    for part in (object_[:150], object_[150:]):
        assert np.ptp(np.abs(part)) > 0.3
        assert np.ptp(np.angle(part)) > 1.2


def test_dead_leaves_are_painted_one_after_the_other():
    shape, rng = (40, 48), spawn(42, Purpose.OBJECT)
    count = int(0.03 * 40 * 48)
    radii = (3.0**-2 + rng.uniform(0, 1, count) * (48.0**-2 - 3.0**-2)) ** -0.5
    centres = rng.uniform(0, 1, (count, 2)) * np.asarray(shape)
    values = rng.uniform(0, 1, (count, 2))
    fractions = np.full((2, *shape), 0.5)
    rows, columns = np.indices(shape)
    for radius, (y, x), value in zip(radii, centres, values, strict=True):
        leaf = (rows - y) ** 2 + (columns - x) ** 2 < radius**2
        fractions[:, leaf] = value[:, None]
    for part in range(2):
        soft = gaussian_filter(fractions[part], 0.6)
        grain = gaussian_filter(rng.standard_normal(shape), 1.5)
        grain = (grain - grain.mean()) / grain.std()
        fractions[part] = np.clip(soft + 0.08 * grain, 0, 1)
    amplitude = np.interp(fractions[0], (0, 1), (0.5, 1.0))
    phase = np.interp(fractions[1], (0, 1), (-1.0, 1.0))
    np.testing.assert_array_equal(draw(shape=shape), amplitude * np.exp(1j * phase))


def test_a_gaussian_random_field_has_its_spectrum_and_no_period():
    phase = draw("gaussian_random_field", (512, 512)).imag
    power = np.abs(np.fft.fft2(phase - phase.mean())) ** 2
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(512), np.fft.fftfreq(512)))
    low, high = (
        power[(frequency > at / 1.2) & (frequency < at * 1.2)].mean() for at in (0.03, 0.12)
    )
    assert np.log(high / low) / np.log(4) == pytest.approx(-3, abs=0.5)
    edges = np.corrcoef(phase[0], phase[-1])[0, 1]
    assert abs(edges) < 0.5


def test_natural_textures_come_with_scikit_image_and_have_no_seam():
    from skimage import data

    folder = Path(data.__file__).parent
    shipped = {path.stem for path in folder.glob("*.png")} | {"immunohistochemistry"}
    assert set(IMAGES) <= shipped
    assert (folder / "ihc.png").is_file()
    object_ = draw("natural_texture", (1500, 400), seed=3)
    steps = np.abs(np.diff(np.abs(object_), axis=0)).mean(axis=1)
    assert steps.max() < 10 * np.median(steps)


def test_the_finest_period_of_a_star_is_what_was_asked_for():
    params = ObjectParams(kind="siemens_star", n_spokes=20, finest_period_px=5.0)
    object_ = make_object(params, (150, 150), np.random.default_rng(1))
    (centre,) = star_centres_px((150, 150), params.star_radius_px)
    angle = np.linspace(0, 2 * np.pi, 4000, endpoint=False)

    def contrast_and_period_px(radius):
        where = centre[:, None] + radius * np.stack([np.sin(angle), np.cos(angle)])
        ring = map_coordinates(np.abs(object_), where, order=1)
        crossings = np.count_nonzero(np.diff(np.sign(ring - ring.mean())))
        return ring.std(), 2 * np.pi * radius / max(1, crossings / 2)

    radii = np.arange(5.0, 60.0, 0.25)
    contrast = np.array([contrast_and_period_px(radius)[0] for radius in radii])
    first = radii[np.argmax(contrast > contrast.max() / 2)]
    assert first == pytest.approx(inner_radius_px(params), abs=1)
    assert contrast_and_period_px(first)[1] == pytest.approx(5.0, rel=0.06)
    assert contrast_and_period_px(2 * first)[1] == pytest.approx(10.0, rel=0.06)
    assert object_facts(params) == {"inner_radius_px": pytest.approx(15.915, abs=1e-3)}


def test_stars_fill_a_long_object_and_stay_whole():
    centres = star_centres_px((700, 300), 64.0)
    assert len(centres) == 10
    assert centres.min() > 64
    assert np.all(centres.max(axis=0) < np.array([700, 300]) - 64)


@pytest.mark.parametrize("name", ["o.npy", "o.npz", "o.h5"])
def test_an_object_from_a_file_keeps_its_values_and_shows_its_middle(name, saved):
    field = some_field()
    object_ = draw("file", (20, 30), path=saved(name, field))
    np.testing.assert_array_equal(object_, field[10:30, 10:40])


def test_an_object_from_a_file_can_be_stretched_to_the_ranges(saved):
    object_ = draw("file", (20, 30), path=saved("o.npy", some_field()), keep_file_values=False)
    assert [np.abs(object_).min(), np.abs(object_).max()] == pytest.approx([0.5, 1.0])
    assert [np.angle(object_).min(), np.angle(object_).max()] == pytest.approx([-1.0, 1.0])


@pytest.mark.parametrize(
    ("array", "cure"),
    [
        (some_field((19, 50)), r"has 19 x 50 px, but the scan needs 20 x 30 px.*larger object"),
        (np.full((40, 50), np.nan + 0j), "600 pixels .* are not finite. Replace them"),
        (np.zeros((40, 50), complex), "Give one that transmits"),
        (np.ones((40, 50)), r"Save amplitude \* numpy.exp\(1j \* phase\)"),
        (some_field((2, 40, 50)[1:])[None], r"one complex object \(H, W\)"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_with_the_cure(array, cure, saved):
    with pytest.raises(ValueError, match=cure):
        draw("file", (20, 30), path=saved("o.npy", array))


def test_a_file_that_cannot_be_read_is_refused_with_the_cure(tmp_path, saved):
    pickled, cut = tmp_path / "pickled.npy", saved("cut.h5", some_field())
    np.save(pickled, np.array([{}], dtype=object), allow_pickle=True)
    cut.write_bytes(cut.read_bytes()[:900])
    many, other = tmp_path / "many.npz", tmp_path / "other.h5"
    np.savez(many, a=some_field(), b=some_field())
    with h5py.File(other, "w") as file:
        file["data"] = 1
    for path in (pickled, cut, many, other):
        with pytest.raises(ValueError, match="save a complex array"):
            draw("file", path=path)
    with pytest.raises(ValueError, match="Give the path of a file"):
        draw("file", path=tmp_path / "absent.npy")
    (tmp_path / "object.png").touch()
    with pytest.raises(ValueError, match="Convert the file"):
        draw("file", path=tmp_path / "object.png")


@pytest.mark.parametrize(
    ("options", "cure"),
    [
        ({"kind": "cat"}, "Choose one of: dead_leaves, random_lines"),
        ({"kind": "file"}, "set both or neither"),
        ({"path": __file__}, "set both or neither"),
        ({"amplitude_range": (0.9, 0.5)}, "Give smallest and largest amplitude"),
        ({"amplitude_range": (-0.1, 0.5)}, "Give smallest and largest amplitude"),
        ({"amplitude_range": (0, 0)}, "transmit something"),
        ({"amplitude_range": (0, np.nan)}, "Give smallest and largest amplitude"),
        ({"phase_range_rad": (-4, 1)}, "or the phase wraps"),
        ({"phase_range_rad": (np.nan, 1)}, "or the phase wraps"),
        ({"kind": "siemens_star", "n_spokes": 200}, "Lower n_spokes or finest_period_px"),
        ({"finest_period_px": 1.0}, "greater than or equal to 2"),
    ],
)
def test_impossible_objects_are_refused_with_the_cure(options, cure):
    with pytest.raises(ValidationError, match=cure):
        ObjectParams(**options)


def test_the_record_of_an_object_from_a_file_has_its_fingerprint(saved):
    params = ObjectParams(kind="file", path=saved("o.npy", some_field()))
    assert len(object_facts(params)["file_sha256"]) == 64
    assert ObjectParams.model_validate(params.model_dump(mode="json")) == params
