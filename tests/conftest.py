"""Settings for all tests."""

from streamlit import config

# AppTest keeps objects of its own in the session state that the server's rule would refuse.
# Not by the environment, which only the command `streamlit run` reads.
config.set_option("runner.enforceSerializableSessionState", False)
