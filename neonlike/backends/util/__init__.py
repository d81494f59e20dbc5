"""Queries for engines of neon that neonlike does not have."""
