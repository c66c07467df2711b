"""What arrives while targets are watched and their agents speak: threads in, values out."""
