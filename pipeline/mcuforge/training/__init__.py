"""A recipe's training script -> the artefacts of its model.

Knows nothing of the stages after `convert`.
"""
