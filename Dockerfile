# The gateway alone: the supervisor, the control process and the data workers. No model, no torch.
#   docker build -t gatewright .
FROM python:3.11-slim AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY models models
COPY guardrails guardrails
COPY routing routing
COPY gateway gateway
COPY operations operations
RUN python -m venv /opt/gatewright && /opt/gatewright/bin/pip install --no-cache-dir .

FROM python:3.11-slim
RUN useradd --system --uid 10001 --no-create-home gatewright \
    && install -d -o gatewright -g gatewright /var/lib/gatewright
COPY --from=build /opt/gatewright /opt/gatewright
ENV PATH=/opt/gatewright/bin:$PATH
USER gatewright
# The journals and the ledger: what is not in a volume is gone with the container.
VOLUME /var/lib/gatewright
EXPOSE 8000 8001
# By http.client, which heeds no proxy variable. Alive, not ready: a container is not to be restarted because a model is down.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD ["python", "-c", "import http.client as h; c = h.HTTPConnection('127.0.0.1', 8000, timeout=2); c.request('GET', '/health'); raise SystemExit(c.getresponse().status != 200)"]
# The supervisor is the first process: it forwards SIGTERM, and reaps its children. Give it 60 s to drain (--stop-timeout 60).
STOPSIGNAL SIGTERM
ENTRYPOINT ["gatewright"]
CMD ["serve", "--config", "/etc/gatewright/gatewright.yaml"]
