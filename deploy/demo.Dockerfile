# `gatewright demo`: a small model on the processor, and the gateway over it.
#   docker build -t gatewright-demo -f deploy/demo.Dockerfile .
#   docker run --rm -it --network host -v gatewright-cache:/var/cache/gatewright gatewright-demo
# It listens on 127.0.0.1 only, as a gateway without keys has to: hence the host's network. The first start downloads the
# model into the volume.
FROM python:3.11-slim
# Where your package index gives torch with CUDA, PyTorch's index of CPU wheels makes the image some gigabytes smaller.
ARG PIP_EXTRA_INDEX_URL=""
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY models models
COPY guardrails guardrails
COPY routing routing
COPY gateway gateway
COPY operations operations
RUN python -m venv /opt/gatewright && /opt/gatewright/bin/pip install --no-cache-dir '.[demo]'
RUN useradd --system --uid 10001 --no-create-home gatewright \
    && install -d -o gatewright -g gatewright /var/cache/gatewright
ENV PATH=/opt/gatewright/bin:$PATH GATEWRIGHT_CACHE=/var/cache/gatewright HOME=/var/cache/gatewright
USER gatewright
WORKDIR /var/cache/gatewright
VOLUME /var/cache/gatewright
STOPSIGNAL SIGINT
ENTRYPOINT ["gatewright"]
CMD ["demo"]
