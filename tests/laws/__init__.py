"""Laws that hold for every protocol and every input, beside the examples of the unit tests."""
