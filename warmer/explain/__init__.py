"""`warmer explain`: why one URL is or is not warm, with what to do about it."""
