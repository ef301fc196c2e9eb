// The check of references reads links and imports as Markdown and Node do.
import { expect, test } from "vitest";
import { bareImports, packageOf, relativeLinks } from "../../../scripts/references.mjs";

test("relative links are found without their anchors; addresses, anchors and code are not links to files", () => {
  const markdown = [
    "[a](docs/a.md) and [b](../b.md#part), [web](https://example.org/x), [here](#there), `[no](code.md)`",
    "```md",
    "[no](fenced.md)",
    "```",
  ].join("\n");
  expect(relativeLinks(markdown)).toEqual(["docs/a.md", "../b.md"]);
});

test("a bare import names its package, with its scope", () => {
  expect(packageOf("ws")).toBe("ws");
  expect(packageOf("pino/browser")).toBe("pino");
  expect(packageOf("@scope/name/deep/file.js")).toBe("@scope/name");
});

test("bare imports are found; relative ones and exported texts are not", () => {
  const source = [
    'import { x } from "pino";',
    "import {",
    "  y,",
    '} from "@scope/name";',
    'import "ws";',
    'import { z } from "./z.ts";',
    'export * from "node:fs";',
    'export const name = "not a package";',
    'export const list = [{ name: "neither" }];',
  ].join("\n");
  expect(bareImports(source)).toEqual(["pino", "@scope/name", "ws", "node:fs"]);
});
