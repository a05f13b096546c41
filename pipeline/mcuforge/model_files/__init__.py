"""What a model's file or folder is, told by its content, and what its configuration says.

Knows nothing of TensorFlow: what is in a file is read, and never run.
"""
