"""Settings for all tests."""

import os

# AppTest keeps objects of its own in the session state that the server's rule would refuse.
os.environ["STREAMLIT_RUNNER_ENFORCE_SERIALIZABLE_SESSION_STATE"] = "false"
