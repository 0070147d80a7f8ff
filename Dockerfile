# One image for gateway, cloud and simulator; linux/amd64 and linux/arm64. Slim, non-root, no build tools in it.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN node cloud/web/build.ts && npm prune --omit=dev --omit=optional --ignore-scripts

FROM node:24-bookworm-slim
ENV NODE_ENV=production
RUN groupadd --system --gid 10001 tallyport \
  && useradd --system --uid 10001 --gid tallyport --groups dialout --home-dir /var/lib/tallyport --create-home tallyport
WORKDIR /app
COPY --from=build --chown=root:root /app /app
USER tallyport
VOLUME /var/lib/tallyport
# gateway: status page 8081, device broker 1884. cloud: page and API 8080, gateway broker 1883.
EXPOSE 8080 8081 1883 1884
ENTRYPOINT ["node"]
# Compiled code is kept here: from the second start on the compiler is not loaded, which saves 30 MiB. One arena: 7 MiB.
ENV NODE_COMPILE_CACHE=/tmp/tallyport-code MALLOC_ARENA_MAX=1
CMD ["gateway/app/main.ts", "--config", "/etc/tallyport/gateway.yaml"]
