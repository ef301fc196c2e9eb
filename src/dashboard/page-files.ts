// The page's files, read once and kept compressed: the compiled modules beside this one, and the charts' package.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { HostRequest, HostResponse } from "./host.ts";

const contentTypes: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
};

interface PageFile {
  readonly contentType: string;
  readonly plain: Uint8Array;
  readonly compressed: Uint8Array;
  readonly tag: string;
}

/** The charts are served as one script that sets a global; its license goes with it. */
const chartFiles = { "/uPlot.js": "uPlot.iife.min.js", "/uPlot.css": "uPlot.min.css" } as const;

export class PageFiles {
  readonly #files = new Map<string, PageFile>();

  /** `directory` holds the compiled page; it is dist/dashboard/page unless a test says otherwise. */
  constructor(directory = fileURLToPath(new URL("./page", import.meta.url))) {
    for (const name of readdirSync(directory)) {
      const contentType = contentTypes[name.split(".").at(-1) ?? ""];
      if (contentType !== undefined) this.#add(`/${name}`, contentType, readFileSync(join(directory, name)));
    }
    const charts = dirname(createRequire(import.meta.url).resolve("uplot"));
    for (const [path, name] of Object.entries(chartFiles)) {
      this.#add(path, contentTypes[name.split(".").at(-1) ?? ""] ?? "", readFileSync(join(charts, name)));
    }
  }

  /** What the whole page weighs on the wire, in bytes. */
  get compressedBytes(): number {
    return [...this.#files.values()].reduce((sum, file) => sum + file.compressed.length, 0);
  }

  get(path: string): PageFile | undefined {
    return this.#files.get(path);
  }

  /** The file as an answer; undefined when there is none at this path. */
  respond(path: string, headers: HostRequest["headers"], status = 200): HostResponse | undefined {
    const file = this.#files.get(path);
    if (file === undefined) return undefined;
    const common = {
      "content-type": file.contentType,
      etag: file.tag,
      "cache-control": "no-cache",
      vary: "Accept-Encoding",
    };
    if (status === 200 && headers["if-none-match"] === file.tag) return { status: 304, headers: common, body: "" };
    if (!/\bgzip\b/.test(headers["accept-encoding"] ?? "")) return { status, headers: common, body: file.plain };
    return { status, headers: { ...common, "content-encoding": "gzip" }, body: file.compressed };
  }

  #add(path: string, contentType: string, plain: Uint8Array): void {
    const tag = `"${createHash("sha256").update(plain).digest("base64url").slice(0, 22)}"`;
    this.#files.set(path, { contentType, plain, compressed: gzipSync(plain, { level: 9 }), tag });
  }
}
