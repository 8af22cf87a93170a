"""The library as a person types it: names and tables in, tables and labelled arrays out."""
