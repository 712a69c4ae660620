"""PNG to look at: amplitude and phase in 8 bits, grey, with the range and the pixel size."""

from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tasks.core.files.atomic_files import atomic_path
from tasks.export import Exported, parts_of

PERCENTILES = (1, 99)
WHITE = 255


def write(exported: Exported, folder: Path) -> list[Path]:
    """Write `<name>_amplitude.png` and `<name>_phase.png`.

    Black and white are the 1st and 99th percentile of what the middle half of the image holds,
    since its rim has little light; both are written into the file as text.
    """
    paths = []
    for name, image in parts_of(exported.window.object_).items():
        height, width = image.shape
        middle = image[height // 4 : height - height // 4, width // 4 : width - width // 4]
        low, high = np.percentile(middle[np.isfinite(middle)], PERCENTILES)
        share = (np.nan_to_num(image, nan=low) - low) / max(high - low, np.finfo(float).tiny)
        text = PngInfo()
        text.add_text("black", f"{low:.6g}")
        text.add_text("white", f"{high:.6g}")
        pixel_m = exported.pixel_m
        text.add_text("pixel", "unknown" if pixel_m is None else f"{pixel_m:.6g} m")
        path = folder / f"{exported.name}_{name}.png"
        with atomic_path(path) as temporary:
            grey = Image.fromarray((WHITE * np.clip(share, 0, 1)).round().astype(np.uint8))
            grey.save(temporary, pnginfo=text)
        paths.append(path)
    return paths
