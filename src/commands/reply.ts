// Replies of handlers and their encoding. A handler answers with a small value; one encoder writes it as RESP2 or RESP3.
// Format: the RESP specification, versions 2 and 3.

/** An error; the text begins with its code word: "ERR ...". */
export interface ErrorReply {
  readonly kind: "error";
  readonly text: string;
}

/** Plain values stand for the usual cases: string and bytes a bulk string, number an integer, null the null reply. */
export type Reply =
  | string
  | Uint8Array
  | number
  | bigint
  | null
  | readonly Reply[]
  | { readonly kind: "simple"; readonly text: string }
  | ErrorReply
  | { readonly kind: "map"; readonly entries: readonly (readonly [Reply, Reply])[] }
  | { readonly kind: "set"; readonly members: readonly Reply[] }
  | { readonly kind: "double"; readonly value: number }
  | { readonly kind: "boolean"; readonly value: boolean }
  | { readonly kind: "nullArray" }
  | { readonly kind: "verbatim"; readonly format: string; readonly text: string }
  | { readonly kind: "raw"; readonly bytes: Uint8Array };

export const ok: Reply = { kind: "simple", text: "OK" };
export const nullReply: Reply = null;
export const nullArray: Reply = { kind: "nullArray" };

export const simple = (text: string): Reply => ({ kind: "simple", text });
export const error = (text: string): ErrorReply => ({ kind: "error", text });
export const integer = (value: number | bigint): Reply => value;
export const bulk = (bytes: string | Uint8Array): Reply => bytes;
export const array = (items: readonly Reply[]): Reply => items;
export const map = (entries: readonly (readonly [Reply, Reply])[]): Reply => ({ kind: "map", entries });
export const set = (members: readonly Reply[]): Reply => ({ kind: "set", members });
export const double = (value: number): Reply => ({ kind: "double", value });
export const boolean = (value: boolean): Reply => ({ kind: "boolean", value });
/** A text for people: RESP3 names its format ("txt", "mkd"), RESP2 sees a bulk string. */
export const verbatim = (text: string, format = "txt"): Reply => ({ kind: "verbatim", format, text });
/** Bytes that are RESP already; empty: no reply at all. */
export const raw = (bytes: Uint8Array): Reply => ({ kind: "raw", bytes });
export const noReply: Reply = raw(new Uint8Array(0));

/** Whether a reply, or what a reading of arguments gave, is an error. */
export const isError = (value: unknown): value is ErrorReply =>
  typeof value === "object" && value !== null && "kind" in value && value.kind === "error";

export type Protocol = 2 | 3;

export function encodeReply(reply: Reply, protocol: Protocol): Buffer {
  const encoder = new ReplyEncoder(protocol);
  encoder.write(reply);
  return encoder.finish();
}

/** Gathers text and bytes; text is turned into bytes once, at the end or before bytes that follow it. */
class ReplyEncoder {
  readonly #isResp3: boolean;
  readonly #chunks: Uint8Array[] = [];
  #text = "";

  constructor(protocol: Protocol) {
    this.#isResp3 = protocol === 3;
  }

  finish(): Buffer {
    this.#closeText();
    return this.#chunks.length === 1 ? Buffer.from(this.#chunks[0] ?? []) : Buffer.concat(this.#chunks);
  }

  write(reply: Reply): void {
    if (reply === null) this.#text += this.#isResp3 ? "_\r\n" : "$-1\r\n";
    else if (typeof reply === "string") this.#writeBulkText(reply);
    else if (typeof reply === "number" || typeof reply === "bigint") this.#text += `:${reply}\r\n`;
    else if (reply instanceof Uint8Array) this.#writeBulkBytes(reply);
    else if (isArray(reply)) this.#writeItems("*", reply);
    else this.#writeTagged(reply);
  }

  #writeTagged(reply: Exclude<Reply, null | string | number | bigint | Uint8Array | readonly Reply[]>): void {
    switch (reply.kind) {
      case "simple":
        this.#text += `+${oneLine(reply.text)}\r\n`;
        break;
      case "error":
        this.#text += `-${oneLine(reply.text)}\r\n`;
        break;
      case "map":
        this.#writeMap(reply.entries);
        break;
      case "set":
        this.#writeItems(this.#isResp3 ? "~" : "*", reply.members);
        break;
      case "double":
        this.#writeDouble(reply.value);
        break;
      case "boolean":
        this.#text += this.#isResp3 ? `#${reply.value ? "t" : "f"}\r\n` : `:${Number(reply.value)}\r\n`;
        break;
      case "nullArray":
        this.#text += this.#isResp3 ? "_\r\n" : "*-1\r\n";
        break;
      case "verbatim":
        this.#writeVerbatim(reply.format, reply.text);
        break;
      case "raw":
        this.#writeBytes(reply.bytes);
        break;
    }
  }

  #writeItems(mark: string, items: readonly Reply[]): void {
    this.#text += `${mark}${items.length}\r\n`;
    for (const item of items) this.write(item);
  }

  #writeMap(entries: readonly (readonly [Reply, Reply])[]): void {
    this.#text += this.#isResp3 ? `%${entries.length}\r\n` : `*${entries.length * 2}\r\n`;
    for (const [key, value] of entries) {
      this.write(key);
      this.write(value);
    }
  }

  #writeDouble(value: number): void {
    if (this.#isResp3) this.#text += `,${doubleText(value)}\r\n`;
    else this.#writeBulkText(doubleText(value));
  }

  #writeVerbatim(format: string, text: string): void {
    if (!this.#isResp3) this.#writeBulkText(text);
    else this.#text += `=${Buffer.byteLength(text) + 4}\r\n${format}:${text}\r\n`;
  }

  #writeBulkText(text: string): void {
    this.#text += `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
  }

  #writeBulkBytes(bytes: Uint8Array): void {
    this.#text += `$${bytes.length}\r\n`;
    this.#writeBytes(bytes);
    this.#text += "\r\n";
  }

  #writeBytes(bytes: Uint8Array): void {
    this.#closeText();
    this.#chunks.push(bytes);
  }

  #closeText(): void {
    if (this.#text === "") return;
    this.#chunks.push(Buffer.from(this.#text));
    this.#text = "";
  }
}

function isArray(reply: object): reply is readonly Reply[] {
  return Array.isArray(reply);
}

function oneLine(text: string): string {
  return text.replace(/[\r\n]/g, " ");
}

function doubleText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  return Object.is(value, -0) ? "-0" : String(value);
}
