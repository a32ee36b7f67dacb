"""The loss must see foci beside oedema, and false lesion where there is none."""

from __future__ import annotations

import pytest
import torch
from monai.losses import DiceLoss

from presight.train.loss import LesionLoss

SURE = 20.0


@pytest.fixture
def loss() -> LesionLoss:
    return LesionLoss(of_patch=0.5, cross_entropy=5.0, smooth=2.0)


def cube(size: int) -> torch.Tensor:
    truth = torch.zeros(1, 1, 32, 32, 32)
    truth[..., 4 : 4 + size, 4 : 4 + size, 4 : 4 + size] = 1
    return truth


def log_odds(found: torch.Tensor) -> torch.Tensor:
    return (2 * found - 1) * SURE


def test_nothing_to_learn_from_a_perfect_answer(loss: LesionLoss) -> None:
    truth = torch.cat([cube(20), cube(2), cube(0)])
    assert loss(log_odds(truth), truth).item() == pytest.approx(0, abs=2e-3)


def test_a_missed_focus_beside_an_oedema_costs_a_good_share_of_the_dice(loss: LesionLoss) -> None:
    truth, found = torch.cat([cube(20), cube(2)]), torch.cat([cube(20), cube(0)])
    assert loss(log_odds(found), truth).item() > 0.15
    batch_alone = LesionLoss(of_patch=0.0, cross_entropy=0.0, smooth=2.0)
    assert batch_alone(log_odds(found), truth).item() < 0.01


def test_more_false_lesion_in_an_empty_patch_costs_more(loss: LesionLoss) -> None:
    truth = torch.cat([cube(12), cube(0)])
    costs = [
        loss(log_odds(torch.cat([cube(12), cube(size)])), truth).item() for size in (0, 4, 8, 16)
    ]
    assert costs == sorted(costs)
    assert costs[-1] > costs[-2] + 0.1


def test_a_missed_focus_costs_more_where_it_counts_more(loss: LesionLoss) -> None:
    truth = torch.maximum(cube(20), torch.flip(cube(2), [2, 3, 4]))
    found, counts = cube(20), torch.ones_like(truth)
    assert loss(log_odds(found), truth, counts) == loss(log_odds(found), truth)
    focus = torch.flip(cube(2), [2, 3, 4]) > 0
    assert loss(log_odds(found), truth, counts + 9 * focus) > 3 * loss(log_odds(found), truth)


def test_the_dice_terms_are_those_of_monai(loss: LesionLoss) -> None:
    logits = torch.randn(3, 1, 8, 8, 8, generator=torch.Generator().manual_seed(1))
    truth = (torch.arange(3 * 512).reshape(3, 1, 8, 8, 8) % 5 == 0).float()
    dice = [
        DiceLoss(sigmoid=True, batch=batch, smooth_nr=2, smooth_dr=2)(logits, truth)
        for batch in (True, False)
    ]
    only_dice = LesionLoss(of_patch=0.5, cross_entropy=0.0, smooth=2.0)
    assert only_dice(logits, truth).item() == pytest.approx(sum(d.item() for d in dice) / 2)
