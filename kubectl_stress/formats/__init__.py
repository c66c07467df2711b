"""A finished result as text or as a picture: no clock, no cluster. The only user of tabulate."""
