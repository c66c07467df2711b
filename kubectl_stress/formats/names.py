"""What `-o` takes. Apart from what writes the formats, since every command line is read with it."""

DATA_FORMATS = ("json", "jsonl", "yaml", "csv", "name")
FORMATS = ("table", "wide", *DATA_FORMATS)
