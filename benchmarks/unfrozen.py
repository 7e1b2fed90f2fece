"""Runs the app without `gc.freeze()`, with garbage collected after every run of a script, as Streamlit does.

`python -m benchmarks.unfrozen run app.py …` is `streamlit run app.py …` otherwise. The switch is here, so that the
product needs none.
"""

import gc
import os

from streamlit.web.cli import main

if __name__ == "__main__":
    gc.freeze = lambda: None
    os.environ["STREAMLIT_RUNNER_POST_SCRIPT_GC"] = "true"
    main()
