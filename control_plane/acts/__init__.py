"""People move work here: claim, retry, return, lift, pause. No network; every act goes through one door."""
