// docs/configuration.md, and the short table in README.md, from the table of settings in src/config/schema.ts.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { importSource } from "../import-source.mjs";
import { root } from "../project.mjs";

const head = `# Configuration

<!-- Generated from src/config/ by \`npm run generate\`. -->

Every setting has a name in the environment and a flag of \`distcache serve\`; a flag wins over the environment. \`CONFIG GET\` shows
all of them under the name in the third column, and \`CONFIG SET\` changes those marked with *. An empty value means off or none where
that makes sense. A value that is not allowed stops the start with one line that names the setting, the value and what is allowed.
`;

const cell = (text) => String(text).replaceAll("|", "\\|");

function offText(row) {
  if (row.off === undefined) return "";
  const printed = row.print(row.off.value);
  return printed === "" ? " Empty: none." : ` Empty: ${printed}.`;
}

function defaultOf(row) {
  if (row.defaultText !== undefined) return row.defaultText;
  const printed = row.print(row.default) || "none";
  return row.unit === undefined ? printed : `${printed} ${row.unit}`;
}

function line(row, configName) {
  const columns = [
    `\`${row.name}\``,
    `\`--${row.flag}\``,
    `\`${configName}\`${row.isMutable ? "*" : ""}`,
    defaultOf(row),
    `${row.allowed}.${offText(row)}`,
    row.meaning,
  ];
  return `| ${columns.map(cell).join(" | ")} |`;
}

export async function generate() {
  const { settingGroups, configName } = await importSource("config/schema.ts");
  const sections = Object.entries(settingGroups).map(([title, group]) => {
    const rows = Object.entries(group).map(([key, row]) => line(row, configName(key)));
    return [
      `\n## ${title}\n`,
      "| environment | flag | CONFIG | default | allowed | meaning |",
      "|---|---|---|---|---|---|",
      ...rows,
      "",
    ].join("\n");
  });
  return { "docs/configuration.md": head + sections.join(""), "README.md": readme(settingGroups) };
}

const readmeBegin = "<!-- Settings, written by `npm run generate`. -->\n";
const readmeEnd = "<!-- End of the settings. -->\n";

/** README.md with a line a setting between the two comments. */
function readme(settingGroups) {
  const text = readFileSync(join(root, "README.md"), "utf8");
  const [before, after] = [text.indexOf(readmeBegin), text.indexOf(readmeEnd)];
  if (before < 0 || after < before) throw new Error("README.md has no place for the settings");
  const rows = Object.values(settingGroups)
    .flatMap((group) => Object.values(group))
    .map((row) => `| \`${row.name}\` | ${cell(defaultOf(row))} | ${cell(row.meaning)} |`);
  const table = ["| setting | default | meaning |", "|---|---|---|", ...rows, ""].join("\n");
  return text.slice(0, before + readmeBegin.length) + table + text.slice(after);
}
