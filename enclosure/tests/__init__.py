"""Claims about the printed bench. Run by ./scripts/test-enclosure; the product's own tests do not need them."""
