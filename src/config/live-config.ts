// The configuration of a running node: values by setting, changed only through `change`, which is all or nothing. Parts
// that follow a setting register for it; a listener may refuse by throwing.
import { type Config, type SettingKey, settingOf } from "./schema.ts";

type Listener = (config: Readonly<Config>) => void;

export class LiveConfig {
  #values: Readonly<Config>;
  readonly #listeners = new Map<SettingKey, Listener[]>();

  constructor(values: Config) {
    this.#values = Object.freeze({ ...values });
  }

  get values(): Readonly<Config> {
    return this.#values;
  }

  /** Calls `listener` with the new values after any of these settings changed. */
  onChange(keys: readonly SettingKey[], listener: Listener): void {
    for (const key of keys) this.#listeners.set(key, [...(this.#listeners.get(key) ?? []), listener]);
  }

  /** Takes all of these values, or none when a listener throws: then the old values are announced again. */
  change(changes: Partial<Config>): void {
    const before = this.#values;
    const keys = (Object.keys(changes) as SettingKey[]).filter((key) => changes[key] !== before[key]);
    this.#values = Object.freeze({ ...before, ...changes });
    try {
      this.#announce(keys);
    } catch (error) {
      this.#values = before;
      this.#announce(keys);
      throw error;
    }
  }

  /** A setting's value as CONFIG GET shows it. */
  print(key: SettingKey): string {
    return settingOf(key).print(this.#values[key]);
  }

  #announce(keys: readonly SettingKey[]): void {
    const listeners = new Set(keys.flatMap((key) => this.#listeners.get(key) ?? []));
    for (const listener of listeners) listener(this.#values);
  }
}
