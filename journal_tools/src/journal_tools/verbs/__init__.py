"""The verbs, one per file: the module of `journal x-y` is `x_y`, and its click command the attribute `command`."""
