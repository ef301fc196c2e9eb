// A bare RESP connection that loads keys as fast as a server takes them: commands are written in chunks, replies are only
// counted. It understands status, error and integer replies, which is what PING and SET answer.
import { connect } from "node:net";

const chunkCommands = 1000;

function encode(args) {
  return `*${args.length}\r\n${args.map((arg) => `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`).join("")}`;
}

export class RespConnection {
  #socket;
  #awaited = 0;
  #settle = () => {};
  #startsLine = true;

  constructor(socket) {
    this.#socket = socket;
    socket.on("data", (bytes) => this.#count(bytes));
    socket.on("error", (error) => this.#settle(error));
    socket.on("close", () => this.#settle(new Error("the server closed the connection")));
  }

  static open(port) {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: "127.0.0.1", port, noDelay: true });
      socket.once("error", reject);
      socket.once("connect", () => resolve(new RespConnection(socket)));
    });
  }

  #count(bytes) {
    for (const byte of bytes) {
      if (this.#startsLine && byte === 0x2d) this.#settle(new Error(`the server refused: ${bytes.toString("latin1")}`));
      this.#startsLine = byte === 0x0a;
      if (this.#startsLine) this.#awaited -= 1;
    }
    if (this.#awaited === 0) this.#settle();
  }

  /** Sends commands and resolves when each is answered by one line; rejects at an error reply. */
  pipeline(commands) {
    return new Promise((resolve, reject) => {
      this.#awaited = commands.length;
      this.#settle = (error) => (error === undefined ? resolve() : reject(error));
      this.#socket.write(commands.map(encode).join(""));
    });
  }

  /** Sends one command, such as GET, and resolves with the first bytes of its answer; the connection is of no use afterwards. */
  firstAnswer(command) {
    return new Promise((resolve, reject) => {
      this.#settle = reject;
      this.#socket.once("data", resolve);
      this.#socket.write(encode(command));
    });
  }

  /** Sets `count` keys as redis-benchmark names them, from `first` on, each with `valueBytes` bytes. */
  async load(first, count, valueBytes) {
    const value = "x".repeat(valueBytes);
    for (let at = first; at < first + count; at += chunkCommands) {
      const length = Math.min(chunkCommands, first + count - at);
      await this.pipeline(Array.from({ length }, (_, index) => ["SET", benchmarkKey(at + index), value]));
    }
  }

  close() {
    this.#settle = () => {};
    this.#socket.destroy();
  }
}

/** A key as `redis-benchmark -r` makes them: 16 bytes. */
export function benchmarkKey(number) {
  return `key:${String(number).padStart(12, "0")}`;
}
