"""How an endpoint is sent a message: signed JSON to a program, a chat service's own to a chat."""
