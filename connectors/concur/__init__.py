"""SAP Concur, spoken through the Financial Integration Service v4."""
