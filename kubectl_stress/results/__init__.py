"""The values that commands end with, and their JSON and recorded form. Pure."""
