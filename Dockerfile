FROM node:24-alpine AS build
WORKDIR /app
COPY package.json package-lock.json tsconfig.json ./
RUN npm ci
COPY src src
COPY test test
# Keep only the text of the tests, because /explain names the tests of each rule.
RUN npm run build && find dist/.test -type f ! -name '*.test.js.map' -delete

FROM node:24-alpine
ENV NODE_ENV=production SERVER_HOST=0.0.0.0 SERVER_PORT=8000
WORKDIR /app
COPY package.json ./
COPY bin bin
COPY --from=build /app/dist dist
USER node
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s CMD ["node", "-e", "fetch(`http://localhost:${process.env.SERVER_PORT}/health`).then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/server.js"]
