"""Chats and programs outside: their addresses, how they are called, what they are sent."""
