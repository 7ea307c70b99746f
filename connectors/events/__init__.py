"""The connection of those who send us events in our own words."""
