"""The wire to the agent, as image/PROTOCOL.md describes it. Pure, sans-IO."""
