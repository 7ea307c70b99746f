FROM python:3.11-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/tieout
WORKDIR /src
COPY requirements/runtime.txt requirements/
RUN /opt/tieout/bin/pip install --require-hashes -r requirements/runtime.txt
COPY . .
RUN /opt/tieout/bin/pip install --no-deps --no-build-isolation .

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /var/lib/tieout --create-home tieout
COPY --from=build /opt/tieout /opt/tieout
ENV PATH=/opt/tieout/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /var/lib/tieout
ENTRYPOINT ["tieout"]
CMD ["--help"]
