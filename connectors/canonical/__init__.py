"""The finance vocabulary that every connector translates into, in plain frozen facts."""
