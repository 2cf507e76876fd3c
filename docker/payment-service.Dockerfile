# payment-service.Dockerfile - builds the image of the payment service: the program, what it loads,
# CA certificates and an empty /data, nothing else. The context is the repository's root.
# order-service.Dockerfile shares its first stage, line by line, so that it is built once for both.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS build
RUN apt-get update -qq -o Acquire::Retries=3 && \
    apt-get install -qq -y -o Acquire::Retries=3 --no-install-recommends make ca-certificates
WORKDIR /src
COPY Makefile ./
COPY common/install.sh common/
RUN make deps-build
COPY . .
ARG REVISION=unknown
RUN make COMMIT=${REVISION}
ARG SERVICE=payment-service
RUN docker/image-root.sh build/${SERVICE} /image

FROM scratch
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Farthing payment-service" \
      org.opencontainers.image.description="Takes payments for orders, each exactly once" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /image /
ENV LISTEN=0.0.0.0 \
    DATABASE_URL=sqlite:/data/payment.db
USER 65532:65532
WORKDIR /data
VOLUME /data
EXPOSE 5000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["/payment-service", "healthcheck"]
ENTRYPOINT ["/payment-service"]
