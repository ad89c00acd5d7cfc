"""Oracle policies as a risk officer would try them: sources that fail, and what the venue still allows."""
