"""How a server for a class lets people in.

logins.py       who a request comes from: cookies of logins, and the doors
gate.py         the middleware before everything else: without a login there is nothing but the door
routes.py       the door's own addresses, below /door
provider.py     the way to an OpenID Connect provider and back
page.py         its pages, drawn without Streamlit
class_start.py  what is told at the start of a server, and whose word it takes
account.py      the name of whoever is logged in, in the frame of the app
"""
