"""Files on disk: the only place where worker and web page meet."""
