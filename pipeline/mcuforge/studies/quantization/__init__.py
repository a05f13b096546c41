"""What quantisation costs each tensor, layer and strategy, and what to do about it."""
