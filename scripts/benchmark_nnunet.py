"""Seconds of nnU-Net v2's own predictor on one volume; run by scripts/benchmark.py.

The network of a 3d_fullres plan with a patch of 128 x 128 x 128 and random weights: time does not
depend on what they are. Runs in an environment with nnunetv2, which presight itself does not need.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from types import SimpleNamespace

import numpy as np
import torch
from dynamic_network_architectures.architectures.unet import PlainConvUNet
from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor

PATCH = (128, 128, 128)
FEATURES = (32, 64, 128, 256, 320, 320)


def main() -> None:
    volume = torch.from_numpy(np.load(sys.argv[1]).astype(np.float32))[None]
    capabilities = torch.cpu.get_capabilities()
    has_bfloat16 = bool(capabilities.get("amx_bf16") or capabilities.get("avx512_bf16"))
    plain, quick, mirrored_quick = (False, False), (False, True), (True, True)
    ways = [plain, quick, mirrored_quick] if has_bfloat16 else [plain, (True, False)]
    rows = []
    for mirrored, quickly in ways:  # mirrored is eight times the work: in the quickest format alone
        rows.append(timed(volume, mirrored, quickly))
        print(rows[-1], file=sys.stderr, flush=True)
    print(json.dumps(rows))


def timed(volume: torch.Tensor, mirrored: bool, quick: bool) -> tuple[str, float, float]:
    made = predictor(mirrored)
    context = torch.autocast("cpu", dtype=torch.bfloat16) if quick else contextlib.nullcontext()
    wall, own = time.perf_counter(), time.process_time()
    with torch.inference_mode(), context:
        made.predict_sliding_window_return_logits(volume)
    what = f"{'bfloat16' if quick else 'float32'}, {'with' if mirrored else 'without'} mirroring"
    return what, time.perf_counter() - wall, time.process_time() - own


def predictor(mirrored: bool) -> nnUNetPredictor:
    made = nnUNetPredictor(use_mirroring=mirrored, device=torch.device("cpu"), allow_tqdm=False)
    made.network = network()
    made.configuration_manager = SimpleNamespace(patch_size=PATCH)
    made.label_manager = SimpleNamespace(num_segmentation_heads=2)
    made.allowed_mirroring_axes = (0, 1, 2)
    made.perform_everything_on_device = False
    return made


def network() -> torch.nn.Module:
    stages = len(FEATURES)
    return PlainConvUNet(
        input_channels=1,
        n_stages=stages,
        features_per_stage=FEATURES,
        conv_op=torch.nn.Conv3d,
        kernel_sizes=3,
        strides=[1] + [2] * (stages - 1),
        n_conv_per_stage=2,
        num_classes=2,
        n_conv_per_stage_decoder=2,
        conv_bias=True,
        norm_op=torch.nn.InstanceNorm3d,
        norm_op_kwargs={"eps": 1e-5, "affine": True},
        nonlin=torch.nn.LeakyReLU,
        nonlin_kwargs={"inplace": True},
    ).eval()


if __name__ == "__main__":
    main()
