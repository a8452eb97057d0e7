"""One run, from sources to verdicts: the rooms below put in order."""
