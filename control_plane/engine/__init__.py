"""Time moves work here: pull, check, deliver, inquire, release, reap, confirm."""
