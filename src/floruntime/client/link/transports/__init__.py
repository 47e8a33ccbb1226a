"""How bytes travel: TCP, WebSocket, or a server inside this process."""
