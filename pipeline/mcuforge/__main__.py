"""`python -m mcuforge`."""

from mcuforge.cli import main

main()
