// The one table of settings. Environment, flags, CONFIG GET and SET, --help and docs/configuration.md come from it; a part
// that needs a setting adds a row to one of the groups.
import { durabilitySettings } from "./durability-settings.ts";
import { nodeSettings } from "./node-settings.ts";
import { seeingSettings } from "./seeing-settings.ts";
import type { Setting } from "./setting.ts";

/** Groups in the order of documentation. */
export const settingGroups = {
  "Node and access": nodeSettings,
  Durability: durabilitySettings,
  "Dashboard, metrics and slow log": seeingSettings,
};

export const settings = {
  ...nodeSettings,
  ...durabilitySettings,
  ...seeingSettings,
};

type ValueOf<S> = S extends Setting<infer T> ? T : never;

/** Every setting's value, by its key in the table. */
export type Config = { -readonly [K in SettingKey]: ValueOf<(typeof settings)[K]> };
export type SettingKey = keyof typeof settings;

/** What a program may give: any of the settings; the rest take their defaults. "" means off or none, as in the environment. */
export type ConfigOptions = { [K in SettingKey]?: Config[K] | "" | undefined };

export const settingKeys = Object.keys(settings) as SettingKey[];

/** A row without its value's type, for code that walks over all of them. */
export function settingOf(key: SettingKey): Setting<unknown> {
  return settings[key] as Setting<unknown>;
}

/** The name a setting has in CONFIG GET and SET. */
export function configName(key: SettingKey): string {
  const row = settingOf(key);
  return row.redisName ?? row.flag;
}
