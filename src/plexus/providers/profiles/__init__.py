"""One file per model family: what its models can do and how they are told to think. Data with its sources."""
