"""gunicorn for the test sites: no control socket, which would be left in the home directory.

A file and not an option, since gunicorn ignores here what an older one does not know.
"""

control_socket_disable = True
