// Whether what files refer to exists: relative links in Markdown, and packages that src/ imports (they must be runtime
// dependencies: a package that only development installs would be missing where DistCache is used).
import { existsSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join } from "node:path";
import { listFiles, root } from "./project.mjs";

const readText = (path) => readFileSync(join(root, path), "utf8");

/** Relative link targets of a Markdown text, without anchors; fenced code is left out. */
export function relativeLinks(markdown) {
  const prose = markdown.replace(/^```[\s\S]*?^```/gm, "").replace(/`[^`\n]*`/g, "");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => match[1].replace(/#.*$/, ""))
    .filter((target) => target !== "" && !/^[a-z]+:/.test(target));
}

/** The package a bare import names: its first path element, or two for a scope. */
export function packageOf(specifier) {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

/** What a TypeScript text imports or re-exports that is no relative path. */
export function bareImports(source) {
  const statements = source.matchAll(/^(?:import|export)\s+(?:[^;"=]*?\bfrom\s+)?"([^"]+)"/gm);
  return [...statements].map((match) => match[1]).filter((specifier) => !specifier.startsWith("."));
}

function findDeadLinks() {
  const isMarkdown = (name) => name.endsWith(".md");
  const atRoot = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].filter((path) => existsSync(join(root, path)));
  return [...atRoot, ...["docs", "commands", "bench", "test"].flatMap((part) => listFiles(part, isMarkdown))].flatMap(
    (path) =>
      relativeLinks(readText(path))
        .filter((target) => !existsSync(join(root, dirname(path), target)))
        .map((target) => `${path}: no such file: ${target}`),
  );
}

function findUndeclaredImports() {
  const declared = new Set(Object.keys(JSON.parse(readText("package.json")).dependencies));
  return listFiles("src", (name) => name.endsWith(".ts")).flatMap((path) =>
    bareImports(readText(path))
      .filter((specifier) => !isBuiltin(specifier) && !declared.has(packageOf(specifier)))
      .map((specifier) => `${path}: ${specifier} is no runtime dependency in package.json`),
  );
}

/** One line for each reference that leads nowhere. */
export function findBrokenReferences() {
  return [...findDeadLinks(), ...findUndeclaredImports()];
}
