"""mcuforge: from a Keras model to verified firmware on an Arm Cortex-M."""

__version__ = "0.1.0"
