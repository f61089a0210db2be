"""Les pages des échanges."""
