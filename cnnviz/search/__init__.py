"""What a search changes of a net, and how: designs and settings made of a few choices."""
