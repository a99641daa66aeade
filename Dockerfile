# Two images of one code. `web`: web, beat and commands such as migrate. `worker`: the same with the
# mathematics and the slides that workers need, one layer more; it is what is built where no target
# is named, and can run everything.

# Build: the locked packages into /opt/venv, every one checked by its hash.
FROM python:3.13-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements.web.lock /tmp/
RUN python -m venv /opt/venv \
 && /opt/venv/bin/pip install --require-hashes --only-binary :all: -r /tmp/requirements.web.lock
WORKDIR /app
COPY manage.py pyproject.toml LICENSE ./
COPY config config
COPY riskreg riskreg
COPY templates templates
COPY tools/locked.py tools/sbom.py tools/
# What is in the image, and under which licences.
RUN /opt/venv/bin/python tools/sbom.py sbom.cdx.json --notices licences.txt \
    --lock /tmp/requirements.web.lock
# The values are for this one command and stay in no layer; none of them would serve to run with.
RUN DEBUG=0 BASE_URL=https://build.invalid ALLOWED_HOSTS=build.invalid \
    SECRET_KEY="$(/opt/venv/bin/python -c 'import secrets; print(secrets.token_urlsafe(50))')" \
    STATIC_ROOT=/app/static VAR_DIR=/tmp/var \
    /opt/venv/bin/python manage.py collectstatic --noinput -v 0 \
 && /opt/venv/bin/python -m compileall -q riskreg config

FROM python:3.13-slim AS web
# Records of decisions and board packs as PDF are drawn with Pango; the fonts have what Chinese
# needs, there and in pictures as PNG.
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 \
    libharfbuzz-subset0 fonts-dejavu-core fonts-noto-cjk \
 && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin riskreg \
 && install -d -o riskreg -g riskreg /var/lib/riskreg /var/lib/riskreg/backups
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DEBUG=0 \
    STATIC_ROOT=/app/static \
    VAR_DIR=/var/lib/riskreg \
    PROMETHEUS_MULTIPROC_DIR=/tmp/metrics
# The root file system may be read-only: what is written goes to the volume and to /tmp.
VOLUME /var/lib/riskreg
USER riskreg
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s \
  CMD ["python", "-m", "riskreg.up.probe", "http://127.0.0.1:8000/readyz"]
CMD ["gunicorn", "config.wsgi:application", "-c", "config/gunicorn.py", "--bind", "0.0.0.0:8000"]

# Everything that the web has, in the same layers; what is added is pinned in one lock with it.
FROM web AS worker
USER root
COPY requirements.runtime.lock /tmp/
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes --only-binary :all: \
    -r /tmp/requirements.runtime.lock \
 && python tools/sbom.py sbom.cdx.json --notices licences.txt --lock /tmp/requirements.runtime.lock
# NumPy and SciPy would each start a thread for each core of the host in each process of a worker,
# and end with KeyboardInterrupt where `pids_limit` allows no more of them.
ENV OPENBLAS_NUM_THREADS=1
USER riskreg
