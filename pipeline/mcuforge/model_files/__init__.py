"""What a model's file or folder is, told by its content, and what its configuration says.

Reads, and never runs, what is in it; TensorFlow is not imported.
"""
