"""gunicorn for the demo: no control socket, which would be left in the home directory."""

control_socket_disable = True
