"""Run in a process of its own, because torch may not share one: scores by two packages for torch.

Usage: torchmetrics_child.py PAIRS.npz OUTPUT.json; the packages are found over PYTHONPATH.

torchmetrics averages the similarity over windows beyond the edges too, where it mirrors the image,
but the contrast over those inside alone. So its map of the similarity is cut to those inside,
also on the last scale of MS-SSIM, where it enters with the power 0.1333.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pytorch_msssim
import torch

from tasks.reconstruct.torchvision_import import import_torchvision

# torchmetrics imports torchvision if it is there, which fails beside a torch of another build.
import_torchvision()
from torchmetrics.functional import image as torchmetrics  # noqa: E402

INSIDE = np.s_[..., 5:-5, 5:-5]


def ssim(image: torch.Tensor, truth: torch.Tensor) -> tuple[float, float]:
    """Return the mean similarity of the windows inside the image, and of all windows."""
    whole, similarities = torchmetrics.structural_similarity_index_measure(
        image, truth, data_range=1.0, return_full_image=True
    )
    return float(similarities[INSIDE].mean()), float(whole)


def ms_ssim(image: torch.Tensor, truth: torch.Tensor) -> float:
    """Return MS-SSIM, its last factor over the windows inside the image."""
    whole = torchmetrics.multiscale_structural_similarity_index_measure(
        image, truth, data_range=1.0
    )
    inside, everywhere = ssim(
        *(torch.nn.functional.avg_pool2d(part, 16) for part in (image, truth))
    )
    return float(whole) * (inside / everywhere) ** 0.1333


pairs, output = (Path(argument) for argument in sys.argv[1:])
scores = {}
with np.load(pairs, allow_pickle=False) as file:
    for name in file.files:
        image, truth = (torch.from_numpy(part)[None, None] for part in file[name])
        scores[f"torchmetrics {name}"] = {
            "ms_ssim": ms_ssim(image, truth),
            "ssim": ssim(image, truth)[0],
            "psnr": float(torchmetrics.peak_signal_noise_ratio(image, truth, data_range=1.0)),
        }
        scores[f"pytorch-msssim {name}"] = {
            "ms_ssim": float(pytorch_msssim.ms_ssim(image, truth, data_range=1.0)),
            "ssim": float(pytorch_msssim.ssim(image, truth, data_range=1.0)),
        }
output.write_text(json.dumps(scores), encoding="utf-8")
