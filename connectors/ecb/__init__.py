"""The connection to the European Central Bank: reads its euro reference rates, day by day."""
