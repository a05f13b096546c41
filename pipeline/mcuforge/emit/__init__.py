"""`Plan`, `Board` -> the files of a firmware project, written to a folder that may be the user's.

Knows nothing of how values are computed: they come with the plan.
"""
