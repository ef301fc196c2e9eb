// From texts and options to a checked Config. What comes first wins: options of a program, flags, environment, defaults.
import { readFileSync } from "node:fs";
import { DistCacheError, messageOf } from "../base/errors.ts";
import { type Config, type ConfigOptions, type SettingKey, settingKeys, settingOf } from "./schema.ts";
import type { Setting } from "./setting.ts";

export interface ConfigSources {
  /** Values given by a program. */
  options?: ConfigOptions;
  /** Texts by setting, as given on the command line. */
  flags?: Readonly<Partial<Record<SettingKey, string>>>;
  environment?: Readonly<Record<string, string | undefined>>;
}

/** INVALID_CONFIG with one line that names the setting, the value and what is allowed. */
export function loadConfig(sources: ConfigSources): Config {
  const config: Partial<Record<SettingKey, unknown>> = {};
  for (const key of settingKeys) config[key] = chosenValue(key, sources);
  return withPasswordFile(config as Config);
}

/** Which settings somebody gave, by whichever way: some defaults act differently from the same value when given. */
export function givenSettings(sources: ConfigSources): Set<SettingKey> {
  const { options = {}, flags = {}, environment = {} } = sources;
  return new Set(
    settingKeys.filter(
      (key) => options[key] !== undefined || flags[key] !== undefined || environment[settingOf(key).name] !== undefined,
    ),
  );
}

/** The value a text stands for, or INVALID_CONFIG. `label` is how the setting is called in the message. */
export function parseSetting<T>(row: Setting<T>, label: string, text: string): T {
  if (text === "" && row.off !== undefined) return row.off.value;
  const value = text === "" ? undefined : row.parse(text);
  if (value === undefined) throw refusal(row, label, text);
  return value;
}

function chosenValue(key: SettingKey, sources: ConfigSources): unknown {
  const row = settingOf(key);
  const option = sources.options?.[key];
  if (option !== undefined) {
    if (option === "" && row.off !== undefined) return row.off.value;
    if (!row.isValid(option)) throw refusal(row, key, String(option));
    return option;
  }
  const flag = sources.flags?.[key];
  if (flag !== undefined) return parseSetting(row, `--${row.flag}`, flag);
  const text = sources.environment?.[row.name];
  return text === undefined ? row.default : parseSetting(row, row.name, text);
}

function refusal(row: Setting<never> | Setting<unknown>, label: string, text: string): DistCacheError {
  const shown = row.isSecret === true ? "the given value" : JSON.stringify(text);
  return new DistCacheError("INVALID_CONFIG", `${label}: ${shown} is not allowed; allowed: ${row.allowed}`);
}

function withPasswordFile(config: Config): Config {
  const path = config.requirePassFile;
  if (path === undefined) return config;
  if (config.requirePass !== undefined) {
    throw new DistCacheError("INVALID_CONFIG", "REQUIREPASS and REQUIREPASS_FILE are both given; allowed: one of them");
  }
  return { ...config, requirePass: readPassword(path) };
}

function readPassword(path: string): string {
  let password: string;
  try {
    password = readFileSync(path, "utf8").replace(/\r?\n$/, "");
  } catch (cause) {
    throw new DistCacheError("INVALID_CONFIG", `REQUIREPASS_FILE: ${messageOf(cause)}; allowed: a readable file`, {
      cause,
    });
  }
  if (password === "") {
    throw new DistCacheError("INVALID_CONFIG", `REQUIREPASS_FILE: ${path} is empty; allowed: a file with the password`);
  }
  return password;
}
