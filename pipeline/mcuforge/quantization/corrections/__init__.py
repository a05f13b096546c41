"""What makes up for rounding: biases corrected, weights equalised across layers."""
