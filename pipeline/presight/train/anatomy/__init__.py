"""Training of the network that finds brain and regions: whole heads at 2 mm."""

from presight.train.anatomy.export import export_anatomy
from presight.train.anatomy.heads import AnatomyHead, halve_volume, read_heads, write_head
from presight.train.anatomy.recipe import AnatomyRecipe, load_anatomy_recipe
from presight.train.anatomy.trainer import train_anatomy

__all__ = [
    "AnatomyHead",
    "AnatomyRecipe",
    "export_anatomy",
    "halve_volume",
    "load_anatomy_recipe",
    "read_heads",
    "train_anatomy",
    "write_head",
]
