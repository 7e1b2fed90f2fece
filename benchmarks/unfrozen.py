"""The app without `gc.freeze()`: `python -m benchmarks.unfrozen run app.py …` is `streamlit run app.py …` otherwise.

The switch is here, so that the product needs none.
"""

import gc

from streamlit.web.cli import main

if __name__ == "__main__":
    gc.freeze = lambda: None
    main()
