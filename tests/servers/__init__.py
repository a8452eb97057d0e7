"""Real servers for the tests: started on free loopback ports, stopped with the test.

Nothing here imitates a server that can run. `rogue` is the one exception: it
misbehaves in ways that no real server can be configured to.
"""
