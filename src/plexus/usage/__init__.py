"""What requests used and what that cost: usage rows, prices, rollups."""
