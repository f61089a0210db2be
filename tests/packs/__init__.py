"""Les packs livrés, relus et rejoués."""
