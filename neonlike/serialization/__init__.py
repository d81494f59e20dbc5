"""File formats and the registry of type names."""
