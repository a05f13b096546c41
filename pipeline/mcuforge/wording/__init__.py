"""Words and tables for people: Keras' names for ops, what to install, tables that fold.

Knows nothing of the stages that speak.
"""
