// A connection that sends commands and receives replies as bytes, in order. No client library stands between.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { endOfReply } from "./reply-reader.ts";

export type Word = string | Buffer;

const deadlineMs = 30_000;

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** A command as RESP: an array of bulk strings. Strings are taken as UTF-8. */
export function encodeCommand(words: readonly Word[]): Buffer {
  const pieces: Buffer[] = [Buffer.from(`*${words.length}\r\n`)];
  for (const word of words) {
    const bytes = Buffer.from(word as string);
    pieces.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from("\r\n"));
  }
  return Buffer.concat(pieces);
}

export class RawConnection {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #isClosed = false;
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk) => {
      this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#isClosed = true;
      this.#wake();
    });
  }

  static async open({ host, port }: Address): Promise<RawConnection> {
    const socket = connect(port, host);
    await once(socket, "connect");
    return new RawConnection(socket);
  }

  /** Sends commands in one piece and answers their replies. */
  async pipeline(commands: readonly (readonly Word[])[]): Promise<Buffer[]> {
    this.write(Buffer.concat(commands.map(encodeCommand)));
    const replies: Buffer[] = [];
    while (replies.length < commands.length) replies.push(await this.nextReply());
    return replies;
  }

  async command(...words: Word[]): Promise<Buffer> {
    this.write(encodeCommand(words));
    return this.nextReply();
  }

  write(bytes: Buffer | string): void {
    this.#socket.write(bytes);
  }

  async nextReply(): Promise<Buffer> {
    for (;;) {
      const end = endOfReply(this.#received, 0);
      if (end !== undefined) {
        const reply = this.#received.subarray(0, end);
        this.#received = this.#received.subarray(end);
        return reply;
      }
      await this.#more();
    }
  }

  /** Everything that comes until the server closes the connection. */
  async untilClosed(): Promise<Buffer> {
    while (!this.#isClosed) await this.#more();
    return this.#received;
  }

  close(): void {
    this.#socket.destroy();
  }

  async #more(): Promise<void> {
    if (this.#isClosed) throw new Error(`closed by the server after ${JSON.stringify(this.#received.toString())}`);
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve, reject) => {
      this.#wake = resolve;
      timer = setTimeout(() => reject(new Error("no reply in time")), deadlineMs);
    }).finally(() => clearTimeout(timer));
  }
}
