"""`mcuforge explore`: what a decoder's latent space looks like, in float, in int8, on a device."""
