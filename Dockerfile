FROM python:3.13-slim-bookworm AS build
WORKDIR /source
COPY setup.py pyproject.toml README.md ./
COPY warmer warmer
COPY spiders spiders
# All dependencies come as wheels: no compiler is needed, and no pip is left in the environment.
RUN python -m venv --without-pip /opt/warmer \
    && pip --python /opt/warmer/bin/python install --no-cache-dir --only-binary :all: --no-binary warmer .

FROM python:3.13-slim-bookworm
RUN groupadd --gid 10001 warmer \
    && useradd --uid 10001 --gid warmer --no-create-home --home-dir /var/lib/warmer --shell /usr/sbin/nologin warmer \
    && install --directory --owner warmer --group warmer /var/lib/warmer
COPY --from=build /opt/warmer /opt/warmer
ENV PATH=/opt/warmer/bin:$PATH
# Numbers, so that Kubernetes can see that it is not root. The store is kept in the work directory.
USER 10001:10001
WORKDIR /var/lib/warmer
VOLUME /var/lib/warmer
# A daemon is asked; a container that runs once and ends has nothing to say before. For another
# address than port 8089: docker run --health-cmd "warmer healthcheck -c …".
HEALTHCHECK --interval=60s --timeout=15s --start-period=30s CMD ["sh", "-c", "grep -qzx daemon /proc/1/cmdline || exit 0; exec warmer healthcheck"]
ENTRYPOINT ["warmer"]
