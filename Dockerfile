ARG BUILD_IMAGE=golang:1.26-bookworm
FROM ${BUILD_IMAGE} AS build
LABEL sweeper.stage=build
WORKDIR /src
COPY go.mod go.sum ./
COPY cmd cmd
COPY pkg pkg
ARG VERSION=dev
ARG COMMIT=unknown
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION} -X main.commit=${COMMIT}" -o /sweeper ./cmd/sweeper

# Nothing but the binary, which carries its time zones, and the roots that it
# trusts: no shell, no package manager, no user with a name.
FROM scratch
ARG VERSION=dev
ARG COMMIT=unknown
LABEL org.opencontainers.image.title="sweeper" \
      org.opencontainers.image.description="Deletes expired objects from S3-compatible storage and signs the evidence that it did" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${COMMIT}"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /sweeper /sweeper
COPY LICENSE /LICENSE
USER 65532:65532
ENTRYPOINT ["/sweeper"]
