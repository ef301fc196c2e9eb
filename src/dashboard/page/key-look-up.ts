// Looks a key up: type, size, time to live and the beginning of its value, without touching its recency.
import type { ErrorJson, KeyReport } from "../api-types.ts";
import { element } from "./dom.ts";
import { bytes, seconds, whole } from "./format.ts";

export class KeyLookUp {
  readonly #form: HTMLFormElement;
  readonly #key = element("input", {
    id: "look-up-key",
    name: "key",
    autocomplete: "off",
    spellcheck: "false",
    required: true,
  });
  readonly #database = element("input", { id: "look-up-db", name: "db", type: "number", min: 0, value: 0 });
  readonly #result = element("div", { id: "look-up-result", role: "status" });

  constructor() {
    this.#form = element(
      "form",
      { class: "look-up" },
      element("label", {}, "Key", this.#key),
      element("label", { class: "small" }, "Database", this.#database),
      element("button", { type: "submit" }, "Look up"),
    );
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#ask();
    });
  }

  showIn(panel: HTMLElement): void {
    if (!panel.contains(this.#form)) panel.replaceChildren(this.#form, this.#result);
  }

  async #ask(): Promise<void> {
    const key = encodeURIComponent(this.#key.value);
    try {
      const response = await fetch(`/api/key?db=${encodeURIComponent(this.#database.value)}&key=${key}`);
      const answer = (await response.json()) as KeyReport | ErrorJson;
      this.#result.replaceChildren("error" in answer ? element("p", { class: "empty" }, answer.error) : report(answer));
    } catch {
      this.#result.replaceChildren(element("p", { class: "empty" }, "the node can not be reached"));
    }
  }
}

function report(key: KeyReport): HTMLElement {
  const facts = [
    ["Key", key.key],
    ["Type", key.type],
    ["Size", `${bytes(key.valueBytes)} (${whole(key.valueBytes)} bytes)`],
    ["Time to live", key.ttlMs < 0 ? "no limit" : seconds(key.ttlMs / 1000)],
    ["Shown as", `${key.encoding}${key.isCut ? ", the beginning" : ""}`],
  ] as const;
  const list = facts.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]);
  return element("div", { class: "facts" }, element("dl", {}, ...list), element("pre", {}, key.preview));
}
