"""How int8 ranges are chosen and applied."""
