"""A model and samples -> the folder of its recipe: the metric guessed, the samples parted.

Knows what a model's outputs are, and nothing of how it is converted or what becomes of it.
"""

from mcuforge.scaffold.new_recipe import NewRecipe, init_recipe
from mcuforge.scaffold.split import SEED
from mcuforge.scaffold.wishes import Wishes

__all__ = ["SEED", "NewRecipe", "Wishes", "init_recipe"]
