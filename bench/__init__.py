"""The numbers of docs/performance.md, each by one command: `python -m bench [NAME ...]`."""
