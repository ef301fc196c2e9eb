// docs/metrics.md, from the catalogue of metrics in src/metrics/catalogue.ts.
import { importSource } from "../import-source.mjs";

const head = `# Metrics

<!-- Generated from src/metrics/ by \`npm run generate\`. -->

All of these are served as Prometheus text at \`/metrics\` and as JSON at \`/api/stats\`, on the dashboard's port. The last column names the
field of \`INFO\` that shows the same number. \`deploy/\` holds a scrape configuration, alert rules and a Grafana dashboard.
`;

const cell = (text) => String(text).replaceAll("|", "\\|");

function line({ name, kind, unit, labels, help, info }) {
  const shownLabels = (labels ?? []).map((label) => `\`${label}\``).join(", ");
  const field = info === undefined ? "" : `${info.section}: \`${info.field}\``;
  return `| ${[`\`${name}\``, kind, unit, shownLabels, help, field].map(cell).join(" | ")} |`;
}

export async function generate() {
  const { metricGroups } = await importSource("metrics/catalogue.ts");
  const sections = Object.entries(metricGroups).map(([title, group]) =>
    [
      `\n## ${title}\n`,
      "| metric | kind | unit | labels | meaning | INFO |",
      "|---|---|---|---|---|---|",
      ...group.map(line),
      "",
    ].join("\n"),
  );
  return { "docs/metrics.md": head + sections.join("") };
}
