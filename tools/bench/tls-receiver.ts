// The receivers of `npm run bench -- --tls`: plain and secure, with sessions and without. Under /cold each answer closes
// its connection.
import { constants } from "node:crypto";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createSecureServer, type Server as SecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { createTestAuthority } from "@postrider/testing";
import { workForParent } from "./child.ts";
import type { TlsReceiverGreeting, TlsReceiverReport } from "./tls-protocol.ts";

const authority = createTestAuthority();
const credentials = authority.issue({ commonName: "127.0.0.1", ipAddresses: ["127.0.0.1"] });
let connections = 0;
let resumed = 0;

const receive: RequestListener = (request, response) => {
  request.resume();
  request.once("end", () => {
    const closes = request.url === "/cold" ? { connection: "close" } : {};
    response.writeHead(200, { "content-length": "0", ...closes }).end();
  });
};

function countSecure(socket: TLSSocket): void {
  connections++;
  if (socket.isSessionReused()) resumed++;
}

async function listen(server: Server | SecureServer): Promise<string> {
  server.keepAliveTimeout = 120_000;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const plain = createServer(receive).on("connection", () => connections++);
const secure = createSecureServer(credentials, receive).on("secureConnection", countSecure);
// Without tickets a session would be kept by the server, and Node's keeps none.
const forgetful = createSecureServer({ ...credentials, secureOptions: constants.SSL_OP_NO_TICKET }, receive);
forgetful.on("secureConnection", countSecure);

workForParent({
  greeting: {
    plain: `http://${await listen(plain)}`,
    secure: `https://${await listen(secure)}`,
    forgetful: `https://${await listen(forgetful)}`,
    authority: authority.cert,
  } satisfies TlsReceiverGreeting,
  answer: () => {
    const report: TlsReceiverReport = { connections, resumed };
    connections = 0;
    resumed = 0;
    return report;
  },
});
