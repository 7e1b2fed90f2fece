ARG BASE_IMAGE=python:3.11-slim-bookworm
FROM ${BASE_IMAGE}

# A second place for pip to find torch. The default holds CPU builds, which are gigabytes smaller; another index there
# holds builds for one CUDA version; empty leaves PyPI alone, whose torch for Linux on x86-64 is a CUDA build.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu

# A user with a name, because libraries look it up, and with a number that holds on every machine, for volumes.
RUN useradd --no-log-init --uid 10001 --no-create-home --home-dir /data cnnviz \
    && install --directory --owner=10001 --group=10001 /data

WORKDIR /app
COPY requirements.txt ./
# torch brings its C++ tests and headers, 150 MB that nothing here runs or compiles
RUN PYTHONDONTWRITEBYTECODE=1 python -m pip install --no-cache-dir --no-compile --root-user-action=ignore \
        ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} --requirement requirements.txt \
    && rm -rf /usr/local/lib/python3.*/*-packages/torch/test /usr/local/lib/python3.*/*-packages/torch/include
COPY . .

# There is no bytecode in the image and the user may write none beside the sources, so the server and the training
# processes that it starts share what they compile in /tmp. The browser's address keeps Streamlit from asking a host on
# the internet for this server's own.
ENV CNNVIZ_DATA_DIR=/data \
    PYTHONPYCACHEPREFIX=/tmp/pycache \
    PYTHONUNBUFFERED=1 \
    STREAMLIT_BROWSER_SERVER_ADDRESS=localhost \
    STREAMLIT_SERVER_ADDRESS=0.0.0.0 \
    STREAMLIT_SERVER_HEADLESS=true \
    STREAMLIT_SERVER_PORT=8501

USER 10001:10001
VOLUME /data
EXPOSE 8501
# http.client, because urllib would ask the proxy that a container may be given
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s CMD ["python", "-c", "\
import http.client, os, sys; \
server = http.client.HTTPConnection('127.0.0.1', int(os.environ['STREAMLIT_SERVER_PORT']), timeout=4); \
server.request('GET', '/_stcore/health'); \
sys.exit(server.getresponse().status != 200)"]
CMD ["streamlit", "run", "app.py"]
