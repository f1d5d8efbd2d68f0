"""Training time and hit rates with the live cache, measured beside what was simulated: see experiments.py."""
