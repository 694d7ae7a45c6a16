"""The real things behind the service's ports: Redis, the event socket, SQL, metrics."""
