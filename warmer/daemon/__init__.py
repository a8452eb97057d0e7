"""When a site is warmed again; the service itself is not here yet."""
