"""Annotated examples: their schema, reading, checking and splitting. Needs the extra `train`."""
