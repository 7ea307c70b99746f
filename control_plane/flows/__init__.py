"""The flows, each one value: a route from a source to a target with its steps and policy."""
