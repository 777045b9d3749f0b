"""Fuzzing whatever reads bytes or text of unknown origin.

    python -m tests.fuzz --seconds 60 --target all

`targets` says what each reader promises of any input, `seeds` holds hand-made inputs to begin with, `mutation` makes
others of them by a seeded generator. Where atheris is installed it does so instead, led by coverage.
"""
