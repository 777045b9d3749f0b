"""Hand-written behavioural cases that come with the library, as CSV files; read by `evaluation.behaviour`."""
