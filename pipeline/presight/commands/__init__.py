"""One module a command: ``EXAMPLE``, ``configure(parser)`` and ``execute(args) -> exit code``."""
