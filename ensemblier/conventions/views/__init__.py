"""Les pages des suites : décisions et paiements, avenants."""
