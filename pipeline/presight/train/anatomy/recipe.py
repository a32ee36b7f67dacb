"""Everything that decides what the weights of the anatomy network become."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt

from presight.train.recipe import read_recipe

Range = tuple[float, float]


class Deformation(BaseModel):
    """How a head is moved, bent and swollen; uniform within each range."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    turn_deg: tuple[float, float, float]  # largest pitch, roll, yaw
    scale: Range
    shift_mm: float
    bend_mm: Range
    bend_scale_mm: Range
    swelling_chance: float
    swelling_mm: Range  # how far tissue is pushed
    swelling_radius_mm: Range


class Looks(BaseModel):
    """How the image of a head is changed; chances and ranges."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    oedema_chance: float
    oedema: Range  # brightness as a multiple
    gamma: Range
    gain: Range
    bias: Range  # standard deviation of the logarithm
    noise: Range
    thick_chance: float
    thick_voxels: tuple[int, int]
    strip_chance: float
    cut_chance: float
    cut_voxels: tuple[int, int]


class AnatomyRecipe(BaseModel):
    """All settings of one training run. ``network`` is MONAI's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    seed: int
    network: dict[str, Any]
    patch: tuple[PositiveInt, PositiveInt, PositiveInt]  # voxels of 2 mm
    batch: PositiveInt
    steps: PositiveInt
    learning_rate: PositiveFloat
    warmup_steps: int = Field(ge=0)
    weight_decay: float = Field(ge=0)
    ema_decay: float = Field(ge=0, lt=1)
    pools: dict[str, PositiveFloat]  # pattern over the names of heads: how often
    deformation: Deformation
    looks: Looks
    checkpoint_minutes: PositiveFloat


def load_anatomy_recipe(path: Path) -> AnatomyRecipe:
    """Read a recipe.

    Raises
    ------
    ConfigError
        The file is not a recipe; the sentence names the first setting that is wrong.
    """
    return read_recipe(path, AnatomyRecipe)
