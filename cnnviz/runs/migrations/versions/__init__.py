"""The migrations, one module each; a module that has been released does not change any more."""
