"""One file per selector: a pure function that orders candidates."""
