// Light, dark, or as the system has it: the choice is kept in this browser.

const choices = ["system", "light", "dark"] as const;
type Choice = (typeof choices)[number];

const labels: Readonly<Record<Choice, string>> = { system: "Auto", light: "Light", dark: "Dark" };

const storageKey = "distcache-theme";

export class Theme {
  readonly #button: HTMLButtonElement;
  readonly #changed: () => void;
  #choice: Choice;

  constructor(button: HTMLButtonElement, changed: () => void) {
    this.#button = button;
    this.#changed = changed;
    this.#choice = choices.find((choice) => choice === readStored()) ?? "system";
    button.addEventListener("click", () => this.#next());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
    this.#apply();
  }

  #next(): void {
    this.#choice = choices[(choices.indexOf(this.#choice) + 1) % choices.length] ?? "system";
    try {
      localStorage.setItem(storageKey, this.#choice);
    } catch {
      // The browser keeps nothing; the choice holds until the page is closed.
    }
    this.#apply();
    this.#changed();
  }

  #apply(): void {
    document.documentElement.dataset.theme = this.#choice;
    this.#button.textContent = labels[this.#choice];
    this.#button.setAttribute("aria-label", `Theme: ${this.#choice}`);
  }
}

function readStored(): string | null {
  try {
    return localStorage.getItem(storageKey);
  } catch {
    return null;
  }
}
