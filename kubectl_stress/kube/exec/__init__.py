"""Websocket exec: handshake, channels, and the stream over them."""
