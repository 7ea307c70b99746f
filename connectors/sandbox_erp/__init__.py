"""The connection to the sandbox ERP: posts, asks, reverses, and reads its master data and payments."""
