"""The one place that states the version."""

VERSION = "0.1.0"
SHORT_VERSION = VERSION
NEON_VERSION = "2.6.0"  # the neon release whose API and file format are reproduced
