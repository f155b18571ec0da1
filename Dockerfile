# One image for every process of Tierline; docker-compose.yml says which runs which. Nothing in it is secret: settings come from
# the environment when it is started. Python is the version the tests run on.

FROM python:3.11.15-slim-bookworm AS packages
RUN python -m venv /opt/venv
COPY requirements-runtime.lock /tmp/
RUN /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --only-binary :all: --require-hashes \
      --requirement /tmp/requirements-runtime.lock

FROM python:3.11.15-slim-bookworm
# PYTHONTZPATH is empty: time zones come from the pinned tzdata package, because deadlines must not change under replay.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONTZPATH="" \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    TIERLINE_HOME=/data \
    TIERLINE_HOST=0.0.0.0
RUN useradd --system --uid 10001 --user-group --no-create-home --home-dir /data tierline \
 && install --directory --owner tierline --group tierline --mode 0700 /data
COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY cli.py process.py production.py settings.py signed_links.py worker.py ./
COPY activities/ activities/
COPY api/ api/
COPY domain/ domain/
COPY local/ local/
COPY policies/ policies/
COPY records/ records/
COPY workflows/ workflows/
RUN printf '#!/opt/venv/bin/python\nfrom cli import main\nmain()\n' > /opt/venv/bin/tierline \
 && chmod 0755 /opt/venv/bin/tierline \
 && python -m compileall -q /app
USER tierline
EXPOSE 8000
CMD ["python", "-m", "api"]
