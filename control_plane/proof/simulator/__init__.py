"""The simulator: random histories of the real engine and store by seed, on a clock and in a world of their own."""
