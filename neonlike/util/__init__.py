"""Command-line options, saved objects and other helpers of scripts."""
