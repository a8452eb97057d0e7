"""The checklist before a launch: what a site, its certificate and its caches look like."""
