"""focuscheck: a bench appliance that measures where a lens focuses, from one photo of a printed chart."""

import os

# The products here are small: a second BLAS thread gains nothing, and waits by spinning where cores are few or shared.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# A damaged picture is reported in a sentence of ours; the decoder's own warnings would only stand beside it.
os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")
