"""What is taken to the desk of somebody else: dossiers, reports and certificates, HTML and PDF."""
