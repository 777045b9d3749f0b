"""From annotated examples to a packaged model. Needs the extra `train`."""
