"""A decoder, a board -> the page that shows its latent space, in float, in int8, on the device.

Asks the stages; knows nothing of how they compute.
"""
