// Which part may use which, as data, and the functions that find what breaks it. C++ layers are folders of native/,
// TypeScript layers are folders (and files) of src/. `npm run check` and test/unit/layers.test.ts call findLayerViolations.
import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { listFiles, root } from "./project.mjs";

const storeAndBelow = ["core", "port", "metrics", "resp", "store"];

/** For each native layer, the others it may include. */
export const nativeLayers = {
  core: [],
  port: ["core"],
  metrics: ["core", "port"],
  resp: ["core", "port"],
  store: ["core", "port", "metrics", "resp"],
  wal: storeAndBelow,
  snapshot: [...storeAndBelow, "wal"],
  cluster: [...storeAndBelow, "wal"],
  command: [...storeAndBelow, "wal", "snapshot", "cluster"],
  net: [...storeAndBelow, "wal", "snapshot", "cluster", "command"],
  addon: [...storeAndBelow, "wal", "snapshot", "cluster", "command", "net"],
};

const commandsAndBelow = ["base", "native", "config", "metrics", "commands"];
const partsOfANode = [...commandsAndBelow, "wal", "snapshot", "durability", "cluster", "server", "dashboard"];

/** For each TypeScript layer, the others it may import. `native` is src/native.ts, the addon's loader and face. */
export const typescriptLayers = {
  base: [],
  native: ["base"],
  config: ["base", "native"],
  metrics: ["base", "native", "config"],
  commands: ["base", "native", "config", "metrics"],
  wal: commandsAndBelow,
  snapshot: [...commandsAndBelow, "wal"],
  durability: [...commandsAndBelow, "wal", "snapshot"],
  cluster: [...commandsAndBelow, "wal", "snapshot"],
  server: commandsAndBelow,
  dashboard: commandsAndBelow,
  cache: partsOfANode,
  node: [...partsOfANode, "cache"],
  index: [...partsOfANode, "cache", "node"],
  cli: [...partsOfANode, "cache", "node", "index"],
};

/** Headers that make or need system calls; only native/port may include them. */
const systemHeader =
  /^(sys|netinet|arpa|linux|net)\/|^(unistd|fcntl|poll|signal|dirent|pthread|sched|netdb|dlfcn|syslog|ucontext|termios|grp|pwd|endian|cpuid|immintrin|malloc|uv)\.h$|^x86intrin\.h$/;

function quoted(text, pattern) {
  return [...text.matchAll(pattern)].map((match) => match[1]);
}

/** The layer of a path such as native/store/store.h or src/node.ts. */
function layerOf(path) {
  const [, first] = path.split("/");
  return first.replace(/(\.test)?\.ts$/, "");
}

function nativeArrows() {
  const files = listFiles("native", (name) => /\.(cc|h|inc)$/.test(name));
  return files.flatMap((from) =>
    quoted(readFileSync(join(root, from), "utf8"), /^\s*#\s*include\s+"([^"]+)"/gm).map((to) => ({
      from,
      to: normalize(to.startsWith(".") ? join(dirname(from), to) : join("native", to)),
    })),
  );
}

function typescriptArrows() {
  const files = listFiles("src", (name) => name.endsWith(".ts"));
  return files.flatMap((from) =>
    quoted(readFileSync(join(root, from), "utf8"), /(?:\bfrom|\bimport)\s*\(?\s*"(\.[^"]+)"/g).map((to) => ({
      from,
      to: normalize(join(dirname(from), to)),
    })),
  );
}

/** Arrows between layers that `allowed` does not list. */
export function findUpwardArrows(arrows, allowed) {
  const problems = new Set();
  for (const { from, to } of arrows) {
    const source = layerOf(from);
    const target = layerOf(to);
    if (allowed[source] === undefined) problems.add(`${from}: ${source} is no known layer (scripts/layers.mjs)`);
    else if (source !== target && !allowed[source].includes(target))
      problems.add(`${from}: ${source} may not use ${to}`);
  }
  return [...problems];
}

/** A circle among files, as the chain of paths that closes it. */
export function findCircles(arrows) {
  const next = new Map();
  for (const { from, to } of arrows) next.set(from, [...(next.get(from) ?? []), to]);
  const done = new Set();
  const circles = [];
  const visit = (path, chain) => {
    if (chain.includes(path)) circles.push([...chain.slice(chain.indexOf(path)), path].join(" > "));
    if (done.has(path) || chain.includes(path)) return;
    for (const target of next.get(path) ?? []) visit(target, [...chain, path]);
    done.add(path);
  };
  for (const path of next.keys()) visit(path, []);
  return circles.map((chain) => `circle: ${chain}`);
}

function findSystemHeaders() {
  return listFiles("native", (name) => /\.(cc|h)$/.test(name))
    .filter((path) => layerOf(path) !== "port")
    .flatMap((path) =>
      quoted(readFileSync(join(root, path), "utf8"), /^\s*#\s*include\s+<([^>]+)>/gm)
        .filter((header) => systemHeader.test(header))
        .map((header) => `${path}: <${header}> belongs in native/port`),
    );
}

/** Every way in which the sources break the layers, one line each; empty when they stand. */
export function findLayerViolations() {
  const native = nativeArrows();
  const typescript = typescriptArrows();
  return [
    ...findUpwardArrows(native, nativeLayers),
    ...findCircles(native),
    ...findUpwardArrows(typescript, typescriptLayers),
    ...findCircles(typescript),
    ...findSystemHeaders(),
  ];
}
