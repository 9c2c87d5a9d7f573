"""Procedures are values: `spec` says what one is, `catalogue` holds them all, `diagram` draws them."""
