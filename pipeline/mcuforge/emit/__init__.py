"""`Plan` -> C sources and a JSON plan, and the firmware project around them."""
