"""How commands are ordered, made durable and answered, and how requests wait."""
