"""`./dev demo`: a small real Django site, warmed from cold, with the proof shown."""
