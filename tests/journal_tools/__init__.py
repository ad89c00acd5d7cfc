"""The auditor's bench, on real journals."""
