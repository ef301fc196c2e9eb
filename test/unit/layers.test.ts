// The layers of docs/ARCHITECTURE.md hold: no import or include points upward, none closes a circle.
import { describe, expect, test } from "vitest";
import { findCircles, findLayerViolations, findUpwardArrows, nativeLayers } from "../../scripts/layers.mjs";

describe("layers", () => {
  test("no file uses a higher layer, a circle or a system header outside native/port", () => {
    expect(findLayerViolations()).toEqual([]);
  });

  test("an upward include is found", () => {
    const arrows = [{ from: "native/core/hash.cc", to: "native/store/store.h" }];
    expect(findUpwardArrows(arrows, nativeLayers)).toEqual([
      "native/core/hash.cc: core may not use native/store/store.h",
    ]);
  });

  test("a circle is found", () => {
    const arrows = [
      { from: "src/a.ts", to: "src/b.ts" },
      { from: "src/b.ts", to: "src/a.ts" },
    ];
    expect(findCircles(arrows)).toEqual(["circle: src/a.ts > src/b.ts > src/a.ts"]);
  });
});
