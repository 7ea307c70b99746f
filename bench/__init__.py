"""How fast the engine is, beside what a team would pick instead and beside the limit of the machine."""
