"""What every form that writes has without its page doing anything for it.

``{% csrf_token %}`` writes a signed key beside the token (``key``). With it the middleware lets a
form act once, and keeps what was typed when it could not be taken (``keeping``); the page of the
form is then filled with it again (``refill``).
"""
