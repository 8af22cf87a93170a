"""The library that `import cropdash` offers: names and tables in, tables and labelled arrays out."""
