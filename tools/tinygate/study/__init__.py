"""Which variant ships: what is known of each, the decision, and the study that makes and compares all of them."""
