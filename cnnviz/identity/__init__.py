"""Who somebody is, and what they may do.

person.py          a person and their role
account.py         what a server keeps of a person, and where it is kept
door.py            the interface of all doors, and what an attempt to come in brings
class_code.py      the door for a room without anything: class code, name and PIN
teacher_link.py    the door that makes somebody the teacher, once
trusted_header.py  the door of a proxy that knows who somebody is
open_id.py         the door of an OpenID Connect provider
pin.py             rules and hashes of PINs
attempts.py        limits of wrong attempts
login_cookie.py    the signed cookie of somebody who is logged in
roster.py          the list of a class: names in, a sheet of PINs out
"""
