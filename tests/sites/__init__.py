"""Real sites for the tests; run by real servers in their own processes."""
