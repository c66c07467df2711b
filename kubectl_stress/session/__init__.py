"""What arrives while targets are watched and their agents speak: threads in, progress values out."""
