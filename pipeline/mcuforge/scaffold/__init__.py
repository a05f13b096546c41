"""A model and samples -> the folder of its recipe: the metric guessed, the samples parted.

Knows what a model's outputs are, and nothing of how it is converted or what becomes of it.
"""

from mcuforge.scaffold.new_recipe import NewRecipe, init_recipe
from mcuforge.scaffold.recipe_options import RecipeOptions
from mcuforge.scaffold.split import SEED

__all__ = ["SEED", "NewRecipe", "RecipeOptions", "init_recipe"]
