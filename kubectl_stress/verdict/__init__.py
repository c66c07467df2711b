"""From findings to an outcome and its evidence. Pure, no clock."""
