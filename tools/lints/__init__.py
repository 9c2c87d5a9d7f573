"""House lints: rules of this house as code, each with its own good and bad line (see house_rules)."""
