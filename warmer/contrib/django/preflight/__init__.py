"""The part of the checklist before a launch that only the application's own process can tell."""
