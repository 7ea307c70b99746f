"""The views: each answers one question of one person, then lets them act."""
