"""The canonical conversation in the middle of every translation: typed, ordered parts and explicit boundaries."""
