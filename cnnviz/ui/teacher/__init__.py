"""The teacher's page: the class at work, its devices, and its rules."""
