"""`Plan`, `Board` -> the files of a firmware project, written to a folder that may be the user's.

Computes no values: they come with the plan.
"""
