// A TCP port that nobody listens on just now, and a server that takes one.
import { type AddressInfo, createServer, type Server } from "node:net";

export function listenAnywhere(): Promise<Server> {
  const server = createServer();
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

export const portOf = (server: Server): number => (server.address() as AddressInfo).port;

export async function freePort(): Promise<number> {
  const server = await listenAnywhere();
  const port = portOf(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}
