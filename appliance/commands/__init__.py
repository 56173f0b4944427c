"""The subcommands of ``focuscheck``, one module per room."""
