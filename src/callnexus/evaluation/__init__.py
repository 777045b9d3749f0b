"""Measuring: arrays and frames in, plain tables out. Knows no model. Needs the extra `train`."""
