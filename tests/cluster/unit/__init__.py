"""What can be said of the driver without starting a cluster."""
