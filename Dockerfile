# The commands in a container: docker build -t ann2loihi . && docker run --rm --user "$(id -u)" -v "$PWD:/work" ann2loihi convert-model --help
FROM python:3.12-slim

WORKDIR /opt/ann2loihi
COPY constraints.txt setup.cfg pyproject.toml README.md LICENSE ./
COPY convert convert
COPY partition partition
COPY deploy deploy
# NengoDL comes as source; its build needs pkg_resources, which setuptools 81 dropped.
RUN pip install --no-cache-dir -c constraints.txt setuptools wheel \
    && pip install --no-cache-dir -c constraints.txt --no-build-isolation '.[nengo-dl]'

# Compiled code is kept where any user may write.
ENV HOME=/tmp NUMBA_CACHE_DIR=/tmp/numba MPLCONFIGDIR=/tmp/matplotlib
RUN useradd --create-home user
USER user
WORKDIR /work
CMD ["convert-model", "--help"]
