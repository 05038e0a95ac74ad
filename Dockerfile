# The two images: gatehouse-operator and gatehouse-proxy. `make images` builds them; so does
#
#   docker build --target operator -t gatehouse-operator .
#   docker build --target proxy -t gatehouse-proxy .
#
# In each are the program, the shared libraries that it needs, CA certificates and a user; there is no shell and no
# package manager. It needs BuildKit (docker's own builder since 18.09) and no registry but the one of Debian's image.

ARG DEBIAN=debian:bookworm-slim

# Where the programs come from: `compiled` here, or `ready`, built on a host of the same Debian release.
# See docs/decisions/0016-container-images.md.
ARG PROGRAMS=compiled

# ---- Compiles both programs

FROM ${DEBIAN} AS compiled
RUN apt-get update -q && apt-get install -qy --no-install-recommends \
      ccache cmake g++ mold ninja-build pkg-config \
      libcli11-dev libcpprest-dev libcrypt-dev libcurl4-openssl-dev libexpected-dev libmodsecurity-dev libnghttp2-dev libre2-dev libspdlog-dev \
      libssl-dev libyaml-cpp-dev nlohmann-json3-dev prometheus-cpp-dev zlib1g-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
# Only what the two programs are made of: a change of a test, a chart or a page compiles nothing.
COPY CMakeLists.txt CMakePresets.json ./
COPY base base
COPY acme acme
COPY kube kube
COPY proxy proxy
COPY operator operator
RUN --mount=type=cache,id=gatehouse-ccache,target=/root/.cache/ccache \
    cmake --preset release -DGATEHOUSE_TESTS=OFF \
    && cmake --build build/release --target gatehouse-operator gatehouse-proxy \
    && mkdir /programs \
    && cp build/release/operator/gatehouse-operator build/release/proxy/gatehouse-proxy /programs \
    && strip --strip-debug /programs/*

# ---- Takes both programs as they are

FROM ${DEBIAN} AS ready
COPY build/images/programs /programs

# ---- Lays out the two file systems

FROM ${PROGRAMS} AS programs

FROM ${DEBIAN} AS trees
RUN apt-get update -q && apt-get install -qy --no-install-recommends \
      ca-certificates libcpprest2.10 libcrypt1 libcurl4 libmodsecurity3 libnghttp2-14 libprometheus-cpp-core1.0 libre2-9 libspdlog1.10 \
      libssl3 libyaml-cpp0.7 modsecurity-crs zlib1g \
    && rm -rf /var/lib/apt/lists/*
COPY --from=programs /programs /programs
# ldd names the loader too. What it cannot find must fail the build: the image would not start.
RUN set -eu; \
    for name in operator proxy; do \
      program=/programs/gatehouse-$name; tree=/trees/$name; \
      mkdir -p "$tree/etc/ssl/certs" "$tree/usr/local/bin"; \
      ldd "$program" > /tmp/libraries; \
      # The proxy loads its firewall when it is asked for one: no program names that library.
      if [ "$name" = proxy ]; then \
        firewall=$(ls -d /usr/lib/*/libmodsecurity.so.3); \
        { echo "$firewall"; ldd "$firewall"; } >> /tmp/libraries; \
        mkdir -p "$tree/usr/share/modsecurity-crs"; \
        cp -r /usr/share/modsecurity-crs/rules "$tree/usr/share/modsecurity-crs/"; \
      fi; \
      if grep 'not found' /tmp/libraries; then echo "$program: the stage lacks these libraries" >&2; exit 1; fi; \
      grep -o '/[^ ]*' /tmp/libraries | sort -u | xargs cp -L --parents -t "$tree"; \
      install -m 0755 "$program" "$tree/usr/local/bin/"; \
      cp /etc/ssl/certs/ca-certificates.crt "$tree/etc/ssl/certs/"; \
      echo 'gatehouse:x:65532:65532:Gatehouse:/:/sbin/nologin' > "$tree/etc/passwd"; \
      echo 'gatehouse:x:65532:' > "$tree/etc/group"; \
      # The C library asks DNS before /etc/hosts when nobody tells it otherwise.
      echo 'hosts: files dns' > "$tree/etc/nsswitch.conf"; \
    done

# ---- What runs

FROM scratch AS operator
COPY --from=trees /trees/operator /
USER 65532:65532
# Metrics, health, control API.
EXPOSE 9402 8081 9443
ENTRYPOINT ["/usr/local/bin/gatehouse-operator"]

FROM scratch AS proxy
COPY --from=trees /trees/proxy /
USER 65532:65532
# HTTP, HTTPS, admin.
EXPOSE 8080 8443 9090
ENTRYPOINT ["/usr/local/bin/gatehouse-proxy"]
