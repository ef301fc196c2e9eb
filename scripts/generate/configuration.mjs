// docs/configuration.md, from the table of settings in src/config/schema.ts.
import { importSource } from "../import-source.mjs";

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

function line(row, configName) {
  const shownDefault = row.defaultText ?? (row.print(row.default) || "none");
  const unit = row.unit === undefined ? "" : ` ${row.unit}`;
  const needsUnit = row.defaultText === undefined && unit !== "";
  const columns = [
    `\`${row.name}\``,
    `\`--${row.flag}\``,
    `\`${configName}\`${row.isMutable ? "*" : ""}`,
    `${shownDefault}${needsUnit ? unit : ""}`,
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
  return { "docs/configuration.md": head + sections.join("") };
}
