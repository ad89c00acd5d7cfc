"""Random sessions on the model and on the kernel, compared event by event."""
