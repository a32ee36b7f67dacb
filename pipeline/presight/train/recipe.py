"""A training recipe: everything that decides what the weights become, written as YAML."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, ValidationError

from presight.errors import ConfigError
from presight.train.extends import read_extended
from presight.train.split import Split
from presight.train.weights import LesionWeight

RecipeType = TypeVar("RecipeType", bound=BaseModel)


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Phase(_Frozen):
    """A stretch of training with one patch size (voxels of 1 mm) and batch size."""

    until_step: PositiveInt
    patch: tuple[PositiveInt, PositiveInt, PositiveInt]
    batch: PositiveInt


class Schedule(_Frozen):
    """Learning rate: a linear warm-up, a plateau, a linear cool-down over the last steps.

    The plateau does not depend on the length of the run, so a run can be prolonged.
    """

    peak: PositiveFloat
    warmup_steps: int = Field(ge=0)
    cooldown_steps: int = Field(ge=0)


class Sampling(_Frozen):
    """How often a patch is drawn from each dataset, where its centre lies, what is painted in.

    The dataset ``synthetic`` needs no cache: its heads are made as they are needed.
    """

    datasets: dict[str, PositiveFloat]
    painted_share: float = Field(default=0.0, ge=0, le=1)  # of the real patches
    families: dict[str, PositiveFloat] = {}  # of painted lesions; default: the synthesis's own mix
    lesion_centre_share: float = Field(ge=0, le=1)  # the others: any voxel of the brain
    each_lesion_share: float = Field(default=0.0, ge=0, le=1)  # of these: every lesion alike
    margin: float = Field(ge=1)  # size of the crop that is deformed, in patch sizes


class Watch(_Frozen):
    """How a run is watched on patients of the validation part, and when that ends it.

    With ``patience``, a run ends after that many looks in a row without a better one; the best
    state of all is kept beside the last.
    """

    every_steps: PositiveInt
    patches: PositiveInt  # the same ones at every look, of the size and batch of the first phase
    by: Literal["dice", "loss"] = "dice"
    patience: PositiveInt | None = None


class Recipe(_Frozen):
    """All settings of one training run. ``network``, ``loss`` and ``augmentation`` are MONAI's.

    ``augmentation`` is a list of transforms over the keys image, mask and brain; ``@patch`` in it
    is the patch size of the phase.
    """

    name: str
    seed: int
    network: dict[str, Any]
    loss: dict[str, Any]
    lesion_weight: LesionWeight | None = None  # without it every voxel counts 1
    output_prior: float = Field(gt=0, lt=1)  # share of lesion voxels: sets the output bias
    intensity_clip: tuple[float, float]
    phases: tuple[Phase, ...] = Field(min_length=1)
    learning_rate: Schedule
    weight_decay: float = Field(ge=0)
    gradient_clip: PositiveFloat
    ema_decay: float = Field(ge=0, lt=1)
    settling_batches: int = Field(default=40, ge=0)  # see presight.train.statistics
    sampling: Sampling
    augmentation: tuple[dict[str, Any], ...]
    split: Split
    workers: int = Field(ge=0)
    checkpoint_minutes: PositiveFloat
    tensorboard: bool = False
    watch: Watch | None = None

    @property
    def steps(self) -> int:
        """Length of the run."""
        return self.phases[-1].until_step

    def phase_at(self, step: int) -> Phase:
        """Phase that a step (from 0) belongs to."""
        return next(phase for phase in self.phases if step < phase.until_step)

    def start_of_phase(self, step: int) -> int:
        """First step of the phase that a step (from 0) belongs to."""
        return max((p.until_step for p in self.phases if p.until_step <= step), default=0)

    def rate_at(self, step: int) -> float:
        """Learning rate of a step (from 0)."""
        rate = self.learning_rate
        rising = (step + 1) / max(rate.warmup_steps, 1)
        falling = (self.steps - step) / max(rate.cooldown_steps, 1)
        return rate.peak * min(1.0, rising, falling)

    def of_length(self, steps: int) -> Recipe:
        """Return the recipe cut to, or its last phase prolonged to, a number of steps."""
        begun = [phase for phase in self.phases[:-1] if phase.until_step < steps]
        last = self.phases[len(begun)].model_copy(update={"until_step": steps})
        return self.model_copy(update={"phases": (*begun, last)})

    def tested_on_fold(self, fold: str) -> Recipe:
        """Return the recipe with one of k folds of patients to test on, ``"2/5"``.

        Raises
        ------
        ConfigError
            The fold cannot be read.
        """
        try:
            split = Split(validation=self.split.validation, fold=fold)
        except ValidationError as error:
            raise ConfigError(
                f"the fold {fold!r} cannot be read", where="fold", expected="2/5: second of five"
            ) from error
        return self.model_copy(update={"split": split})

    def testing_on(self, patterns: Sequence[str]) -> Recipe:
        """Return the recipe with another test part: patterns over ``dataset/name``."""
        split = self.split.model_copy(update={"test": tuple(patterns)})
        return self.model_copy(update={"split": split})

    def leaving_out(self, dataset: str) -> Recipe:
        """Return the recipe tested on a whole dataset and on all that is painted into it.

        Raises
        ------
        ConfigError
            The recipe does not train on the dataset, or on nothing else.
        """
        drawn = {name: share for name, share in self.sampling.datasets.items() if name != dataset}
        if not drawn or len(drawn) == len(self.sampling.datasets):
            raise ConfigError(
                f"the dataset {dataset!r} cannot be left out",
                where="sampling.datasets",
                expected=f"one of {', '.join(self.sampling.datasets)}, and another to train on",
            )
        sampling = self.sampling.model_copy(update={"datasets": drawn})
        test = (*self.split.test, f"{dataset}/*", f"painted_*/{dataset}_*")
        split = self.split.model_copy(update={"test": test})
        return self.model_copy(update={"sampling": sampling, "split": split})


def load_recipe(path: Path) -> Recipe:
    """Read a recipe, whole: also what it takes from another that it extends.

    Raises
    ------
    ConfigError
        The file is not a recipe; the sentence names the first setting that is wrong.
    """
    return read_recipe(path, Recipe)


def read_recipe(path: Path, kind: type[RecipeType]) -> RecipeType:
    """Read a recipe of a kind; raises as `load_recipe` does."""
    try:
        return kind.model_validate(read_extended(path))
    except ValidationError as error:
        first = error.errors()[0]
        setting = ".".join(str(part) for part in first["loc"]) or "recipe"
        raise ConfigError(f"{setting}: {first['msg']}", where=path) from error
