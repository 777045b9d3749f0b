"""What dispatch software needs around a prediction.

- `growth`: the narrative that grows remark by remark, predicted at the price of the remark;
- `following`: a call that is followed: what changed with each remark and why, and a safety risk that stays flagged;
- `lines`: many calls at once over a stream of JSON lines.
"""
